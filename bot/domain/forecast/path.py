"""The path of the spend from now to the period's end, day by day, and its quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from math import exp

from bot.domain.forecast.hours import share_over
from bot.domain.forecast.pattern import Pattern
from bot.domain.forecast.residuals import NORMAL, WIDENING
from bot.domain.money import Micros
from bot.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Path:
    """
    What will be spent by the end of each local day that is left of the period, in micro-dollars.

    The first day is what is left of today (`over` is the share of it that is gone), unless the period
    has not begun yet at `as_of`.
    """

    pattern: Pattern
    as_of: datetime
    first_day: date
    over: float
    level: float
    cumulative: Sequence[float]

    def quantile(self, percent: int) -> list[float]:
        """
        The spend that is not exceeded with that probability (20, 50 or 80) by the end of each day.

        Never falling: spend does not, whatever the spread does on idle days.
        """
        width = NORMAL[percent] * self.pattern.spread
        if not width:
            return list(self.cumulative)
        last = len(WIDENING) - 1
        wide = (
            amount * exp(width * WIDENING[min(index, last)])
            for index, amount in enumerate(self.cumulative)
        )
        return list(accumulate(wide, max))


def ahead(pattern: Pattern, today: Micros, period: Period, as_of: datetime) -> Path:
    """
    Each day left costs its weekday's average times the level.

    What is left of today follows the share of today's hours that is over: of its first guess so much
    is replaced by what today really spent. Today counts towards the level by the same share, so
    nothing jumps at midnight.
    """
    zone = pattern.calendar.time_zone
    day = as_of.astimezone(zone).date()
    after = period.ends_at.astimezone(zone).date()
    usual = pattern.profile.expected(day, max(0, (after - day).days))
    if not usual:
        return Path(pattern, as_of, day, 1.0, pattern.level.ratio, ())
    spent = float(max(0, today))
    over = share_over(pattern.hours, day, as_of, pattern.calendar)
    level = pattern.level.then(spent, usual[0] * over, over).ratio
    days = [level * amount for amount in usual]
    days[0] = (1 - over) * (spent + days[0] * (1 - over))
    if day < period.first_day:
        skipped = (period.first_day - day).days
        day, over, days = period.first_day, 0.0, days[skipped:]
    return Path(pattern, as_of, day, over, level, list(accumulate(days)))
