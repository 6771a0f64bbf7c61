"""What a source says anew about hours it spoke about before: which answers are news, and which doubtful."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.money import Micros
from bot.domain.periods import Cadence, Period, period_at
from bot.domain.usage import Window

# Late figures are billed for days; a change after that is news to whoever has closed the books.
SETTLED_AFTER = timedelta(days=3)
FEW_ROWS = 10  # so many rows may be taken back; more do not vanish at once


@dataclass(frozen=True, slots=True)
class Held:
    """What the ledger holds of a window: rows that cost something, and what they sum to."""

    rows: int
    amount: Micros


def is_unknown_zero(held: Held, answered: Micros) -> bool:
    """
    Whether an answer of nothing is unknown rather than zero.

    Services answer 0 when they cannot look. A handful of charges may be taken back; that
    everything in a window is, is an outage.
    """
    return answered == 0 and held.amount > 0 and held.rows >= FEW_ROWS


def settled_periods(
    window: Window, cadence: Cadence, zone: ZoneInfo, now: datetime
) -> Iterator[tuple[Period, Window]]:
    """The periods in a window that were over long ago, each with its part of the window."""
    moment = window.starts_at
    while moment < window.ends_at:
        period = period_at(moment, cadence, zone)
        if period.ends_at + SETTLED_AFTER > now:
            return
        ends_at = min(period.ends_at, window.ends_at)
        yield period, Window(moment, ends_at)
        moment = ends_at
