"""The form to ask for more while it is filled in: it says what it buys."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_bolt import Ack

from bot.flows import answers, overages, status
from bot.flows.overages import Filled
from bot.parts import Bot
from handlers.errors import told
from handlers.inputs import day, values_of

logger = logging.getLogger(__name__)
Body = Mapping[str, Any]


def show(ack: Ack, body: Body, bot: Bot, now: datetime) -> None:
    """
    Something was typed or chosen; nothing is lost when this fails, because it only looks.

    Of an older state of the form, whose hash is gone, the answer is dropped: a newer one comes.
    """
    ack()
    view = body.get("view") or {}
    if view.get("callback_id") != "overage_request":
        return
    with told(_to_the_log):
        values = values_of(view)
        filled = Filled(
            values.get("amount") or "",
            values.get("reason") or "",
            day(values.get("ends_at")),
            values.get("funding") or "",
        )
        budget = status.find_budget(bot.policy, values.get("budget") or "")
        about = view.get("private_metadata") or ""
        form = overages.preview_form(bot, body["user"]["id"], budget, filled, about, now)
        answers.show_again(bot, view["id"], view["hash"], form)


def _to_the_log(text: str) -> None:
    logger.info("no preview", extra={"action": "no_preview", "why": text})
