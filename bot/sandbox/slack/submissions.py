"""How a modal ends: it is submitted or closed, and the app answers with a `response_action`."""

from dataclasses import replace

from bot.sandbox.slack import payloads, screens
from bot.sandbox.slack.accounts import Account
from bot.sandbox.slack.answers import TROUBLE, Answer, answer_to
from bot.sandbox.slack.envelopes import Envelope
from bot.sandbox.slack.errors import ApiError, NoSuchElement
from bot.sandbox.slack.gestures import Stage, must_be_able
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Workspace


def submit(s: Stage, account: Account) -> Answer:
    """Slack's client looks at the fields first; only then the app gets the submission."""
    must_be_able(account)
    w = s.workspace
    view = top(w, account)
    if view.submit is None:
        raise NoSuchElement("the modal has no submit button")
    complaints = view.complaints()
    if complaints:
        screens.put(w, replace(view, errors=complaints))
        return Answer(errors=complaints, cancelled=True)
    trigger = w.tickets.new_trigger(account.id, view.id)
    ack = s.deliver(Envelope("interactive", payloads.submission(account, view, trigger)))
    answer = answer_to(ack, response_action=ack.body.get("response_action"))
    if answer.warning is not None:
        return replace(answer, warning=TROUBLE)
    with w.lock:
        return _respond(w, view, ack.body, answer)


def _respond(w: Workspace, view: View, body: Json, answer: Answer) -> Answer:
    """Do what the app's `response_action` says; what Slack cannot do is trouble for the person."""
    action = body.get("response_action")
    try:
        if action is None:
            screens.drop(w, view)
        elif action == "clear":
            screens.pop(w, view.owner, everything=True)
        elif action == "errors":
            return _show_errors(w, view, body.get("errors") or {}, answer)
        elif action == "update":
            screens.update_modal(w, view, body.get("view") or {})
        elif action == "push":
            screens.push_modal(w, view.owner, body.get("view") or {})
        else:
            return replace(answer, warning=f"{TROUBLE} (unknown response_action {action})")
    except ApiError as error:
        told = error.extra.get("response_metadata", {}).get("messages", [])
        return replace(answer, warning=" ".join([f"{TROUBLE} ({error.code})", *told]))
    return answer


def _show_errors(w: Workspace, view: View, errors: Json, answer: Answer) -> Answer:
    """Errors may only stand beside input blocks of this view."""
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not errors or not set(errors) <= inputs:
        return replace(answer, warning=f"{TROUBLE} (errors for {sorted(errors)})", errors=errors)
    screens.put(w, replace(view, errors=errors))
    return replace(answer, errors=errors)


def close(s: Stage, account: Account, everything: bool = False) -> Answer:
    """The app hears of it only if the view has `notify_on_close`."""
    w = s.workspace
    view = top(w, account)
    screens.pop(w, account.id, everything or bool(view.raw.get("clear_on_close")))
    if not view.raw.get("notify_on_close"):
        return Answer(cancelled=True)
    return answer_to(s.deliver(Envelope("interactive", payloads.closed(account, view, everything))))


def top(w: Workspace, account: Account) -> View:
    stack = w.stacks.get(account.id)
    if not stack:
        raise NoSuchElement(f"{account.name} has no modal open")
    return stack[-1]
