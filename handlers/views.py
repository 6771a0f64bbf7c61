"""Modals that were submitted: field errors stand next to the field, the rest in the DM."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_bolt import Ack

from bot.domain.alerts import AnswerKind
from bot.domain.errors import UserError
from bot.flows import accounts, alerts, overages, status
from bot.parts import Bot
from bot.render.modals import PLAN
from handlers.errors import told
from handlers.inputs import day, values_of
from handlers.replies import direct

logger = logging.getLogger(__name__)
View = Mapping[str, Any]
Body = Mapping[str, Any]


def overage_request(ack: Ack, body: Body, view: View, bot: Bot, now: datetime) -> None:
    values = values_of(view)
    asker = accounts.who(bot, body["user"]["id"], now)
    try:
        budget = status.find_budget(bot.policy, values.get("budget") or "").id
        made = overages.ask(
            bot,
            budget,
            asker,
            values.get("amount") or "",
            values.get("reason") or "",
            day(values.get("ends_at")),
            f"view:{view['id']}",
            now,
        )
    except UserError as error:
        ack(response_action="errors", errors={error.field or "amount": error.text})
        return
    ack()
    alert_id = view.get("private_metadata") or ""
    with told(direct(bot, asker.id)):
        if alert_id.isdigit():
            alerts.answer(bot, int(alert_id), AnswerKind.ASKED, asker, now)
        overages.tell_if_nobody_is_left(bot, made.request, now)


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
