"""Buttons: every click is answered, whatever the state of the thing it is about."""

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_bolt import Ack, Respond

from bot.domain.alerts import AnswerKind, Feedback
from bot.domain.budgets import BudgetId
from bot.flows import accounts, alerts, overages, status
from bot.parts import Bot
from handlers.errors import told
from handlers.replies import reply, show

logger = logging.getLogger(__name__)
ANY = re.compile(".*")
NOTED = "Your answer is noted. Slack did not open the form for a word on it."
Body = Mapping[str, Any]
Action = Mapping[str, Any]


def acknowledge(
    ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    """The click itself is the answer; the form only adds a word to it."""
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        alert_id = _number(action)
        who = accounts.who(bot, body["user"]["id"], now)
        answered = alerts.answer(bot, alert_id, AnswerKind.ON_IT, who, now)
        if isinstance(answered, alerts.AnsweredBefore):
            tell(answered.text)
        else:
            show(bot, body["trigger_id"], alerts.note_form(answered), tell, NOTED)


def planned(
    ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    """A plan has an end, so it opens a form; an alert that was answered says so at once."""
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        who = accounts.who(bot, body["user"]["id"], now)
        form = alerts.plan_form(bot, _number(action), who, now)
        if isinstance(form, alerts.AnsweredBefore):
            tell(form.text)
        else:
            show(bot, body["trigger_id"], form, tell)


def useful(ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime) -> None:
    ack()
    _judge(Feedback.USEFUL, respond, body, action, bot, now)


def noise(ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime) -> None:
    ack()
    _judge(Feedback.NOISE, respond, body, action, bot, now)


def _judge(
    feedback: Feedback, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    tell = reply(respond, body, bot)
    with told(tell):
        who = accounts.who(bot, body["user"]["id"], now)
        before = alerts.judge(bot, _number(action), feedback, who, now)
        if before is not None:
            tell(before)


def ask_for_more(
    ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        # By name: a budget may have left the policy file since.
        budget = status.find_budget(bot.policy, alerts.budget_of(bot, _number(action))).id
        alert = _number(action)
        form = overages.request_form(bot, body["user"]["id"], budget, "", "", now, alert)
        show(bot, body["trigger_id"], form, tell)


def open_request(
    ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        budget = status.find_budget(bot.policy, str(action.get("value", ""))).id
        form = overages.request_form(bot, body["user"]["id"], BudgetId(budget), "", "", now)
        show(bot, body["trigger_id"], form, tell)


def unknown(ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot) -> None:
    """A button that no code knows any more still gets an answer."""
    ack()
    logger.warning(
        "unknown button", extra={"action": "unknown_button", "button": action.get("action_id")}
    )
    tell = reply(respond, body, bot)
    with told(tell):
        tell(f"This button is from an older message. Type `{bot.policy.command}` instead.")


def _number(action: Action) -> int:
    """The opaque id a button carries; anything else was not made by us."""
    value = str(action.get("value", ""))
    # isdecimal, because "²" is a digit; nine of them, because an id is a 32-bit number.
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else 0
