"""`/budget …`: what can be typed. Answers only the person who typed."""

from collections.abc import Mapping
from datetime import datetime
from html import unescape
from typing import Any

from slack_bolt import Ack, Respond

from bot.domain.errors import UserError
from bot.flows import accounts, delegations, overages, status
from bot.parts import Bot
from bot.render.blocks import Rendered, escape
from handlers import glass
from handlers.errors import told
from handlers.replies import show


def budget(ack: Ack, respond: Respond, command: Mapping[str, Any], bot: Bot, now: datetime) -> None:
    words = unescape(command.get("text") or "").split(maxsplit=1)
    verb, rest = (words[0].lower() if words else "status"), (words[1] if len(words) > 1 else "")
    try:
        match verb:
            case "status":
                accounts.who(bot, command["user_id"], now)
                _answer(ack, status.status(bot, command["user_id"], rest.strip(), now))
            case "help":
                _answer(ack, status.usage(bot))
            case "delegate":
                who = accounts.who(bot, command["user_id"], now)
                _answer(ack, status.sentence(delegations.delegate(bot, who.id, rest, now)))
            case "request":
                _request(ack, respond, command, rest, bot, now)
            case "break-glass":
                said = glass.typed(ack, respond, command, rest, bot, now)
                if said is not None:
                    _answer(ack, status.sentence(said))
            case _:
                _answer(ack, status.usage(bot, unknown=verb))
    except UserError as error:
        _answer(ack, status.sentence(error.text))


def _request(
    ack: Ack, respond: Respond, command: Mapping[str, Any], rest: str, bot: Bot, now: datetime
) -> None:
    """All in one line, or a form for what is missing."""
    name, amount, reason = [*rest.split(maxsplit=2), "", "", ""][:3]
    chosen = status.find_budget(bot.policy, name).id if name else None
    asker = command["user_id"]
    if chosen and amount and reason:
        who = accounts.who(bot, asker, now)
        trigger = f"command:{command['trigger_id']}"
        try:
            asked = overages.ask(bot, chosen, who, amount, reason, None, trigger, now)
        except UserError as error:
            # Plain words, because they usually stand beside a field of the form.
            raise UserError(escape(error.text), error.field) from None
        _answer(ack, status.sentence(asked.text))
        with told(respond):
            overages.tell_if_nobody_is_left(bot, asked.request, now)
        return
    accounts.who(bot, asker, now)
    form = overages.request_form(bot, asker, chosen, amount, reason, now)
    ack()
    with told(respond):
        show(bot, command["trigger_id"], form, respond)


def _answer(ack: Ack, rendered: Rendered) -> None:
    ack(response_type="ephemeral", text=rendered.text, blocks=rendered.blocks)
