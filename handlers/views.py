"""Modals that were submitted: field errors stand next to the field, the rest in the DM."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_bolt import Ack

from bot.domain.alerts import AnswerKind
from bot.domain.errors import UserError
from bot.domain.overages import OverageRequest
from bot.domain.people import Person
from bot.domain.terms import Seen
from bot.flows import accounts, alerts, overages, status
from bot.parts import Bot
from bot.render.modals import PLAN
from handlers.errors import told
from handlers.inputs import day, purpose_of, values_of
from handlers.replies import direct

logger = logging.getLogger(__name__)
View = Mapping[str, Any]
Body = Mapping[str, Any]


def overage_request(ack: Ack, body: Body, view: View, bot: Bot, now: datetime) -> None:
    """A new request, or a change of one that is open; which, its private metadata tells."""
    asker = accounts.who(bot, body["user"]["id"], now)
    alert, change = purpose_of(view)
    try:
        request = (
            _changed(bot, change, asker, view, now) if change else _asked(bot, asker, view, now)
        )
    except UserError as error:
        field = error.field if error.field in values_of(view) else "amount"
        ack(response_action="errors", errors={field or "amount": error.text})
        return
    ack()
    with told(direct(bot, asker.id)):
        if alert is not None:
            alerts.answer(bot, alert, AnswerKind.ASKED, asker, now)
        overages.tell_if_nobody_is_left(bot, request, now)


def _asked(bot: Bot, asker: Person, view: View, now: datetime) -> OverageRequest:
    values = values_of(view)
    budget = status.find_budget(bot.policy, values.get("budget") or "").id
    amount, reason = values.get("amount") or "", values.get("reason") or ""
    last_day, trigger = day(values.get("ends_at")), f"view:{view['id']}"
    return overages.ask(
        bot,
        budget,
        asker,
        amount,
        reason,
        last_day,
        trigger,
        now,
        funding=values.get("funding") or "",
    ).request


def _changed(bot: Bot, change: Seen, asker: Person, view: View, now: datetime) -> OverageRequest:
    values = values_of(view)
    amount, reason = values.get("amount") or "", values.get("reason") or ""
    last_day, funding = day(values.get("ends_at")), values.get("funding") or ""
    return overages.change(bot, change, asker, amount, reason, last_day, now, funding=funding)


def unknown(ack: Ack, body: Body, view: View, bot: Bot) -> None:
    """A form that no code knows any more still gets an answer."""
    ack()
    extra = {"action": "unknown_form", "form": view.get("callback_id")}
    logger.warning("unknown form", extra=extra)
    tell = direct(bot, body["user"]["id"])
    with told(tell):
        tell(f"This form was from an older version. Type `{bot.policy.command}` instead.")


def alert_answer(ack: Ack, body: Body, view: View, bot: Bot, now: datetime) -> None:
    """Adds a word to an answer that was given by the click; or is the answer, with its end."""
    values = values_of(view)
    note = values.get("note") or ""
    number, _, kind = (view.get("private_metadata") or "0").partition(" ")
    alert_id, actor = int(number), body["user"]["id"]
    try:
        if kind == PLAN:
            who = accounts.who(bot, actor, now)
            alerts.plan(bot, alert_id, day(values.get("until"), "until"), note, who, now)
        else:
            alerts.add_note(bot, alert_id, note, actor, now)
    except UserError as error:
        field = error.field or ("until" if kind == PLAN else "note")
        ack(response_action="errors", errors={field: error.text})
    else:
        ack()
