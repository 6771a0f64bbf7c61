"""The buttons of overage requests: a click is about the request as it was shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_bolt import Ack, Respond

from bot.domain.overages import RequestState
from bot.domain.terms import seen
from bot.flows import exceptions, overages
from bot.flows.overages import Click, NotDecided
from bot.parts import Bot
from handlers.errors import Tell, told
from handlers.inputs import pressed
from handlers.replies import reply, show_or_tell

Body = Mapping[str, Any]
Action = Mapping[str, Any]


def approve(
    ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        click = pressed(action, body)
        outcome = overages.decide(
            bot,
            click.about.request,
            body["user"]["id"],
            RequestState.APPROVED,
            None,
            now,
            Click(click.about.revision, place=click.place),
        )
        if not isinstance(outcome, overages.Decided):
            tell(outcome.text)


def adjust(ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime) -> None:
    """Less or shorter needs to be written down; a request that is over says so at once."""
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        click = pressed(action, body)
        form = overages.adjust_form(bot, click.about, str(click), now)
        _open(form, body, bot, tell)


def deny(ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime) -> None:
    """A denial needs a reason, so it opens a form."""
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        click = pressed(action, body)
        form = overages.deny_form(bot, click.about, str(click), now)
        _open(form, body, bot, tell)


def ask(ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime) -> None:
    """Something to know first; the requester is asked."""
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        click = pressed(action, body)
        form = overages.question_form(bot, click.about, str(click), now)
        _open(form, body, bot, tell)


def answer(ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot) -> None:
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        question = seen(str(action.get("value", ""))).request
        form = overages.answer_form(bot, question, body["user"]["id"])
        _open(form, body, bot, tell)


def amend(ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime) -> None:
    """Only whoever asked gets the form; a request that is over says so at once."""
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        about = pressed(action, body).about
        _open(overages.change_form(bot, about, body["user"]["id"], now), body, bot, tell)


def withdraw(
    ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        click = pressed(action, body)
        outcome = overages.withdraw(
            bot, click.about.request, body["user"]["id"], now, Click(place=click.place)
        )
        if not isinstance(outcome, overages.Decided):
            tell(outcome.text)


def end_exception(
    ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    """Who somebody is, is asked of Slack now, as for a decision."""
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        click = pressed(action, body)
        request = exceptions.load_request(bot, click.about.request)
        actor, electorate = overages.who_decides(bot, request, body["user"]["id"], now)
        origin = Click(place=click.place).origin
        refused = exceptions.end_early(bot, request.id, actor, electorate, now, origin)
        if refused is not None:
            tell(refused)


def _open(form: Mapping[str, Any] | NotDecided, body: Body, bot: Bot, tell: Tell) -> None:
    show_or_tell(bot, body, form.text if isinstance(form, NotDecided) else form, tell)
