"""The forms of those who decide, and of the requester who answers, once they were sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_bolt import Ack

from bot.domain.errors import UserError
from bot.domain.overages import RequestState, Terms
from bot.flows import overages
from bot.flows.overages import Click, NotDecided
from bot.parts import Bot
from handlers.errors import told
from handlers.inputs import Pressed, day, pressed_before, values_of
from handlers.replies import direct

View = Mapping[str, Any]
Body = Mapping[str, Any]
Values = Mapping[str, str | None]


def decided(ack: Ack, body: Body, view: View, bot: Bot, now: datetime) -> None:
    """
    A denial with its reason, or an approval of less; which of the two, its fields tell.

    What can be said at once stands in the form; asking Slack who somebody is comes after.
    """
    values, click = values_of(view), pressed_before(view)
    approves = "amount" in values
    reason = (values.get("reason") or "").strip()
    try:
        terms = _terms(bot, click, values, now) if approves else None
        if not approves:
            _check_denial(bot, click, reason, now)
    except UserError as error:
        field = error.field or ("amount" if approves else "reason")
        ack(response_action="errors", errors={field: error.text})
        return
    ack()
    actor = body["user"]["id"]
    tell = direct(bot, actor, click.channel)
    with told(tell):
        outcome = overages.decide(
            bot,
            click.about.request,
            actor,
            RequestState.APPROVED if approves else RequestState.DENIED,
            reason or None,
            now,
            Click(click.about.revision, terms, click.place),
        )
        if not isinstance(outcome, overages.Decided):
            tell(outcome.text)


def asked(ack: Ack, body: Body, view: View, bot: Bot, now: datetime) -> None:
    """A question to the requester; the form's id makes one of two deliveries."""
    words, click = (values_of(view).get("question") or "").strip(), pressed_before(view)
    try:
        if not words:
            raise UserError("Say what you want to know.")
        _check_open(bot, click, now)
    except UserError as error:
        ack(response_action="errors", errors={"question": error.text})
        return
    ack()
    actor = body["user"]["id"]
    tell = direct(bot, actor, click.channel)
    with told(tell):
        no = overages.put_question(
            bot,
            click.about.request,
            actor,
            words,
            f"view:{view['id']}",
            now,
            Click(click.about.revision, place=click.place),
        )
        if no is not None:
            tell(no.text)


def answered(ack: Ack, body: Body, view: View, bot: Bot, now: datetime) -> None:
    """Nothing of Slack's is asked here, so whatever is wrong stands in the form."""
    words = (values_of(view).get("answer") or "").strip()
    try:
        if not words:
            raise UserError("Say something, or close the form.")
        number = pressed_before(view).about.request
        no = overages.answer(bot, number, body["user"]["id"], words, now)
        if no is not None:
            raise UserError(no.text)
    except UserError as error:
        ack(response_action="errors", errors={"answer": error.text})
    else:
        ack()


def _terms(bot: Bot, click: Pressed, values: Values, now: datetime) -> Terms:
    amount, last_day = values.get("amount") or "", day(values.get("ends_at"))
    terms = overages.terms_of(bot, click.about, amount, last_day, now)
    if isinstance(terms, NotDecided):
        raise UserError(terms.text)
    return terms


def _check_denial(bot: Bot, click: Pressed, reason: str, now: datetime) -> None:
    if not reason:
        raise UserError("Say in a few words why; the requester reads it.")
    _check_open(bot, click, now)


def _check_open(bot: Bot, click: Pressed, now: datetime) -> None:
    over = overages.why_not(bot, click.about, now)
    if over is not None:
        raise UserError(over.text)
