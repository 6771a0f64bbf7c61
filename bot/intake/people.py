"""Who used what is billed to a shared key: read from time to time, applied to every row."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from bot.clients.usage.claude_code import days_of
from bot.clients.usage.errors import SourceError
from bot.domain.people_shares import EARLIER_DAYS, SharedUsage, divide_among_people
from bot.domain.policy import PeoplePolicy
from bot.domain.usage import Directory, UsageRow, Window
from bot.parts import Bot
from store import people_shares

logger = logging.getLogger(__name__)
KEPT = timedelta(days=100)  # as long as hours are kept


def read_shares(bot: Bot, help_: PeoplePolicy, now: datetime) -> int | None:
    """
    Who used how much on the last days; how many shares, None when the report did not answer.

    It says nothing about dollars, so no budget is blind without it: the shares of the days before
    stand in for a while.
    """
    window = Window(now - help_.lookback, now)
    try:
        shares = bot.helps[help_.name].shares(window, now)
    except SourceError as error:
        logger.warning(
            "people's shares were not read",
            extra={"action": "shares_failed", "source": help_.name, "error": str(error)},
        )
        return None
    with bot.db.transaction() as tx:
        people_shares.save(tx, help_.name, days_of(window, now), shares)
        people_shares.prune(tx, (now - KEPT).astimezone(UTC).date())
    return len(shares)


def among_people(
    tx: Session, bot: Bot, window: Window, rows: Sequence[UsageRow], names: Directory
) -> Sequence[UsageRow]:
    """The rows of a window, with what came from shared keys divided among the people behind them."""
    if not bot.policy.helps:
        return rows
    first, last = (at.astimezone(UTC).date() for at in (window.starts_at, window.ends_at))
    known = people_shares.between(tx, first - timedelta(days=EARLIER_DAYS), last)
    for help_ in bot.policy.helps:
        rows = divide_among_people(rows, known, names, SharedUsage(help_.workspace))
    return rows
