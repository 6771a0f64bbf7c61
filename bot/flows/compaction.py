"""Old hours become days, a few at a time."""

import logging
from datetime import datetime, timedelta

from bot.domain.periods import midnight
from bot.domain.policy import Policy
from bot.domain.usage import IMPORTED, Window
from bot.parts import Bot
from store import compaction, sources

logger = logging.getLogger(__name__)
# Longer than a quarter, so that no current period and no second pass meets a day that is one.
HOURS_KEPT = timedelta(days=100)
DAYS_A_RUN = 20  # for each source


def compact_old(bot: Bot, now: datetime) -> int:
    """
    Compact what is old enough; how many rows that saved. Each day is a transaction of its own.

    An imported file keeps its hours: where it ends is where history begins, and it is replaced in
    stretches that know no days.
    """
    with bot.db.transaction() as tx:
        names = [s.name for s in sources.load_all(tx) if not s.name.startswith(IMPORTED)]
    saved = sum(_compact_source(bot, name, now) for name in names)
    if saved:
        logger.info("hours compacted", extra={"action": "compacted", "rows": saved})
    return saved


def _compact_source(bot: Bot, source: str, now: datetime) -> int:
    zone = bot.policy.organization.time_zone
    keep = with_other_days(bot.policy)
    saved = 0
    for _ in range(DAYS_A_RUN):
        with bot.db.transaction() as tx:
            state = sources.lock(tx, source)
            # After a long outage the poll goes on where it stopped: those hours must be hours.
            until = min(now, state.ok_at or now) - HOURS_KEPT
            first = compaction.next_at(tx, source)
            if first is None:
                break
            day = first.astimezone(zone).date()
            window = Window(midnight(day, zone), midnight(day + timedelta(days=1), zone))
            if window.ends_at > until:
                break
            saved += compaction.compact(tx, source, window, keep)
    return saved


def with_other_days(policy: Policy) -> frozenset[str]:
    """Budgets whose day, or that of a parent, is not the organization's: they keep their hours."""
    zone = policy.organization.time_zone
    budgets = policy.tree.budgets
    return frozenset(
        id_
        for id_ in budgets
        if any(budgets[above].time_zone != zone for above in policy.tree.path(id_))
    )
