"""Break-glass: the button on an alert, the form, and the line that can be typed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_bolt import Ack, Respond

from bot.domain.errors import UserError
from bot.domain.glass import Wanted
from bot.flows import accounts, alerts, overages, status
from bot.parts import Bot
from bot.render.blocks import escape
from handlers.errors import told
from handlers.inputs import values_of
from handlers.replies import reply, show

Body = Mapping[str, Any]
Action = Mapping[str, Any]
USAGE = "Type `{command} break-glass BUDGET AMOUNT REASON`, or only the budget for a form."


def pressed(
    ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    """On an alert of a critical budget; whoever may not is told so at once."""
    ack()
    tell = reply(respond, body, bot)
    with told(tell):
        value = str(action.get("value", ""))
        number = int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else 0
        budget = status.find_budget(bot.policy, alerts.budget_of(bot, number))
        who = accounts.who(bot, body["user"]["id"], now)
        show(bot, body["trigger_id"], overages.glass_form(bot, budget, who.id, now), tell)


def sent(ack: Ack, body: Body, view: Mapping[str, Any], bot: Bot, now: datetime) -> None:
    """What is wrong stands in the form; what came of it, in the DM with the outcome."""
    values = values_of(view)
    wanted = Wanted(
        values.get("amount") or "", values.get("reason") or "", values.get("hours") or ""
    )
    try:
        budget = status.find_budget(bot.policy, view.get("private_metadata") or "")
        overages.break_glass(bot, budget, body["user"]["id"], wanted, now)
    except UserError as error:
        field = error.field if error.field in {"amount", "hours", "reason"} else "amount"
        ack(response_action="errors", errors={field: error.text})
        return
    ack()


def typed(
    ack: Ack, respond: Respond, command: Mapping[str, Any], rest: str, bot: Bot, now: datetime
) -> str | None:
    """The answer to a whole line; None when a form was opened for what is missing."""
    name, amount, reason = [*rest.split(maxsplit=2), "", "", ""][:3]
    if not name:
        raise UserError(USAGE.format(command=bot.policy.command))
    try:
        budget = status.find_budget(bot.policy, name)
        asker = command["user_id"]
        if amount and reason:
            return overages.break_glass(bot, budget, asker, Wanted(amount, reason), now).text
        accounts.who(bot, asker, now)
        form = overages.glass_form(bot, budget, asker, now)
    except UserError as error:
        raise UserError(error.text if error.field == "budget" else escape(error.text)) from None
    ack()
    with told(respond):
        show(bot, command["trigger_id"], form, respond)
    return None
