"""What people do in Slack: type commands, press buttons, choose, write, open the Home tab."""

from dataclasses import replace
from typing import Any, Protocol

from bot.sandbox.slack import payloads, screens
from bot.sandbox.slack.accounts import BOT_USER, Account
from bot.sandbox.slack.answers import Answer, answer_to
from bot.sandbox.slack.channels import Channel
from bot.sandbox.slack.envelopes import Ack, Envelope
from bot.sandbox.slack.errors import ApiError, CannotAct, NoSuchElement
from bot.sandbox.slack.events import Events
from bot.sandbox.slack.inputs import STATEFUL, chosen_state
from bot.sandbox.slack.mentions import as_sent, escape
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.replies import reply
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Workspace

Surface = Message | View
Element = tuple[str, Json]


class Stage(Protocol):
    """What a gesture needs of the sandbox."""

    workspace: Workspace
    strict: bool
    should_escape: bool
    subscriptions: frozenset[str]
    events: Events

    def deliver(self, envelope: Envelope) -> Ack: ...

    def response_url(self, token: str) -> str: ...


def must_be_able(account: Account) -> None:
    if account.kind in {"deactivated", "bot"}:
        raise CannotAct(f"{account.name} is {account.kind} and cannot do anything in Slack")


def _place(w: Workspace, account: Account, where: str | None) -> Channel:
    """The channel a person writes in: the DM with the bot, or one they are a member of."""
    channel = w.open_dm(account.id) if where is None else w.channel(where)
    if account.id not in channel.members:
        raise CannotAct(f"{account.name} is not in #{channel.name}")
    return channel


def type_command(s: Stage, account: Account, typed: str, where: str | None) -> Answer:
    must_be_able(account)
    if account.kind == "stranger":
        raise CannotAct(f"{account.name} is in another workspace and cannot use commands here")
    w = s.workspace
    word, _, rest = typed.strip().partition(" ")
    channel = _place(w, account, where)
    text = as_sent(w, rest.strip()) if s.should_escape else escape(rest.strip())
    url = w.tickets.new_url(account.id, channel.id)
    trigger = w.tickets.new_trigger(account.id)
    payload = payloads.command(account, channel, word, text, trigger, s.response_url(url.token))
    ack = s.deliver(Envelope("slash_commands", payload))
    answer = answer_to(ack, url)
    if not ack.ok or not (ack.body.get("text") or ack.body.get("blocks")):
        return answer
    try:
        return replace(answer, message=reply(w, replace(url, posted=[]), ack.body, s.strict))
    except ApiError as error:
        return replace(answer, warning=error.code)


def element_on(
    surface: Surface, action_id: str, value: str | None = None, index: int | None = None
) -> Element:
    fitting = [
        (block_id, element)
        for block_id, element in surface.elements()
        if element["action_id"] == action_id and (value is None or element.get("value") == value)
    ]
    if len(fitting) <= (index or 0):
        there = [element["action_id"] for _, element in surface.elements()]
        raise NoSuchElement(f"no {action_id!r} (value {value!r}, index {index}) among {there}")
    return fitting[index or 0]


def surface_with(w: Workspace, account: Account, action_id: str) -> Surface:
    """The person's open modal if it has the element, else the Home tab."""
    stack = w.stacks.get(account.id) or []
    home = w.homes.get(account.id)
    on_screen = [view for view in [*stack[-1:], home] if view is not None]
    for view in on_screen:
        if any(element["action_id"] == action_id for _, element in view.elements()):
            return view
    raise NoSuchElement(f"no {action_id!r} in a modal or the Home tab of {account.name}")


def act_on(
    s: Stage, account: Account, surface: Surface, element: Element, chosen: Any = None
) -> Answer:
    """Send one block action; a message may be an old copy that is still on somebody's screen."""
    must_be_able(account)
    block_id, part = element
    state = None if part["type"] == "button" else chosen_state(part, chosen)
    entry = payloads.action(block_id, part, state)
    if isinstance(surface, View):
        return _act_in_view(s, account, surface, entry)
    return _act_in_message(s, account, surface, entry)


def _act_in_message(s: Stage, account: Account, message: Message, entry: Json) -> Answer:
    w = s.workspace
    channel = w.channels[message.channel]
    sees = message.to == account.id if message.ephemeral else account.id in channel.members
    if not sees:
        raise CannotAct(f"{account.name} does not see this message")
    url = w.tickets.new_url(account.id, channel.id, message)
    payload = payloads.message_action(
        account,
        channel,
        message,
        entry,
        w.tickets.new_trigger(account.id),
        s.response_url(url.token),
    )
    return answer_to(s.deliver(Envelope("interactive", payload)), url)


def _act_in_view(s: Stage, account: Account, view: View, entry: Json) -> Answer:
    if view.owner != account.id:
        raise CannotAct(f"{account.name} does not see this view")
    w = s.workspace
    modal = view.type == "modal"
    trigger = w.tickets.new_trigger(account.id, view.id if modal else None)
    if entry["type"] in STATEFUL:
        with w.lock:
            view = _remember(w, view, entry)
    payload = payloads.view_action(account, view, entry, trigger)
    return answer_to(s.deliver(Envelope("interactive", payload)))


def _remember(w: Workspace, view: View, entry: Json) -> View:
    """A choice in a view is part of its state from then on."""
    kept = {
        "type": entry["type"],
        **{k: v for k, v in entry.items() if k == STATEFUL[entry["type"]][0]},
    }
    inside = {**view.values.get(entry["block_id"], {}), entry["action_id"]: kept}
    view = replace(view, values={**view.values, entry["block_id"]: inside})
    if view.type == "home":
        w.homes[view.owner] = view
        w.touch()
        return view
    return screens.put(w, view)


def open_home(s: Stage, account: Account) -> Answer:
    must_be_able(account)
    channel = s.workspace.open_dm(account.id)
    inner: Json = {
        "type": "app_home_opened",
        "user": account.id,
        "channel": channel.id,
        "tab": "home",
        "event_ts": s.workspace.new_ts(),
    }
    view = s.workspace.homes.get(account.id)
    if view is not None:
        inner["view"] = view.as_json()
    return _tell(s, account, "app_home_opened", inner)


def say(s: Stage, account: Account, text: str, where: str | None) -> Answer:
    """Write an ordinary message; the app hears of it if it subscribed to that."""
    must_be_able(account)
    w = s.workspace
    channel = _place(w, account, where)
    post = w.post(Message(channel.id, w.new_ts(), as_sent(w, text), user=account.id))
    inner = {
        **post.as_json(),
        "channel": channel.id,
        "channel_type": "im" if channel.is_im else "channel",
        "event_ts": post.ts,
    }
    name = "message.im" if channel.is_im else "message.channels"
    if BOT_USER not in channel.members:
        return Answer(cancelled=True)
    return _tell(s, account, name, inner)


def _tell(s: Stage, account: Account, name: str, inner: Json) -> Answer:
    if name not in s.subscriptions:
        return Answer(cancelled=True)
    return answer_to(s.events.send(payloads.event(account, inner)))
