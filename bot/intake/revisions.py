"""Notes when a source changes what a period that was over had cost."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from bot.domain.money import ZERO, Micros, usd
from bot.domain.periods import Period
from bot.domain.revisions import settled_periods
from bot.domain.usage import Window
from bot.effects import recording
from bot.parts import Bot
from store import ledger, revisions
from store.revisions import PeriodRevision

Settled = Mapping[tuple[str, Period], Micros]
SMALLEST = Micros(10_000)  # a cent


def of_window(tx: Session, bot: Bot, source: str, window: Window, now: datetime) -> Settled:
    """What each budget's own charges cost in the settled periods of its calendar in a window."""
    found: dict[tuple[str, Period], Micros] = {}
    for cadence, zone in bot.policy.tree.calendars:
        for period, _ in settled_periods(window, cadence, zone, now):
            budgets = [b.id for b in bot.policy.tree if (b.cadence, b.time_zone) == (cadence, zone)]
            bounds = (period.starts_at, period.ends_at)
            spent = ledger.spend(tx, *bounds, bot.policy.basis, source=source)
            found |= {(b, period): spent.get(b, ZERO) for b in budgets}
    return found


def note(
    tx: Session, bot: Bot, source: str, before: Settled, after: Settled, now: datetime
) -> list[PeriodRevision]:
    """Write down every period that costs something else now."""
    noted: list[PeriodRevision] = []
    for (budget, period), amount in after.items():
        was = before.get((budget, period), ZERO)
        if abs(amount - was) < SMALLEST:
            continue
        revision = PeriodRevision(budget, period.first_day, source, was, amount)
        revisions.add(tx, revision, now)
        data = {
            "source": source,
            "period": period.first_day.isoformat(),
            "before_usd": usd(was),
            "after_usd": usd(amount),
        }
        recording.note(tx, bot, "period.revised", recording.SYSTEM, budget, data, now)
        noted.append(revision)
    return noted
