"""Increase requests of Claude Enterprise: the two buttons, and the form that each opens."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_bolt import Ack, Respond

from bot.domain.errors import UserError
from bot.flows import increases
from bot.parts import Bot
from handlers.errors import told
from handlers.inputs import pressed, pressed_before, values_of
from handlers.replies import direct, reply, show_or_tell

Body = Mapping[str, Any]
Action = Mapping[str, Any]
View = Mapping[str, Any]


def approve(ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot) -> None:
    """Whoever approves has to say how much: the request does not."""
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        click = pressed(action, body)
        form = increases.approve_form(bot, click.about.request, str(click))
        show_or_tell(bot, body, form, tell)


def deny(ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot) -> None:
    """A denial needs a reason, and whoever denies reads first what it does."""
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        click = pressed(action, body)
        form = increases.deny_form(bot, click.about.request, str(click))
        show_or_tell(bot, body, form, tell)


def approved(ack: Ack, body: Body, view: View, bot: Bot, now: datetime) -> None:
    """What can be said at once stands in the form; asking Slack who somebody is comes after."""
    values, click = values_of(view), pressed_before(view)
    number = click.about.request
    try:
        _check_open(bot, number)
        limit = increases.limit_of(bot, number, values.get("amount") or "")
    except UserError as error:
        ack(response_action="errors", errors={"amount": error.text})
        return
    ack()
    actor = body["user"]["id"]
    tell = direct(bot, actor, click.channel)
    with told(tell):
        words = (values.get("reason") or "").strip() or None
        not_decided = increases.approve(bot, number, actor, limit, words, now, click.place)
        if not_decided is not None:
            tell(not_decided)


def denied(ack: Ack, body: Body, view: View, bot: Bot, now: datetime) -> None:
    click = pressed_before(view)
    number, reason = click.about.request, (values_of(view).get("reason") or "").strip()
    try:
        if not reason:
            raise UserError("Say in a few words why; it goes into the record.")
        _check_open(bot, number)
    except UserError as error:
        ack(response_action="errors", errors={"reason": error.text})
        return
    ack()
    actor = body["user"]["id"]
    tell = direct(bot, actor, click.channel)
    with told(tell):
        not_decided = increases.deny(bot, number, actor, reason, now, click.place)
        if not_decided is not None:
            tell(not_decided)


def _check_open(bot: Bot, number: int) -> None:
    over = increases.why_not(bot, number)
    if over is not None:
        raise UserError(over)
