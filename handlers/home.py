"""The Home tab was opened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.flows import accounts, home
from bot.parts import Bot


def opened(event: Mapping[str, Any], body: Mapping[str, Any], bot: Bot, now: datetime) -> None:
    """Bolt has acknowledged; the same event may come several times, and the Messages tab is none."""
    if event.get("tab") != "home":
        return
    who = accounts.who(bot, event["user"], now)
    if accounts.is_a_member(bot, who):
        home.opened(bot, who.id, str(body["event_id"]), now)
