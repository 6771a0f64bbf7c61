"""What the hours of a budget usually cost, and how far a team swings above that when nothing is wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate, groupby, pairwise

from bot.domain.forecast import Pattern
from bot.domain.forecast.hours import DAY, HOUR, shares_over
from bot.domain.money import Micros
from bot.domain.spike_rule import LONG


def swing(hours: Sequence[Micros], pattern: Pattern, until: datetime, long: int = LONG) -> Micros:
    """
    How far above normal a team's long windows get when nothing is wrong.

    `hours` are the full hours of UTC of the last 28 days, or as many as there are, before the full hour
    `until`. Of each day the worst window, of the days the second worst: a runaway does not hide the
    next one for four weeks. About 3 milliseconds, and it only ever silences: work it out for the day
    when there is a spike without it.
    """
    first = full_hour(until) - len(hours) * HOUR
    above = [a - b for a, b in zip(hours, normal_hours(pattern, first, len(hours)), strict=True)]
    sums = list(accumulate(above, initial=0))
    worst: dict[int, int] = {}
    for end in range(long, len(sums)):
        day = (len(above) - end) // 24
        worst[day] = max(worst.get(day, 0), sums[end] - sums[end - long])
    return Micros(sorted(worst.values())[-2] if len(worst) > 1 else 0)


def normal_hours(pattern: Pattern, first: datetime, count: int) -> list[int]:
    """
    What the hours from `first` on cost on average at the present level, in micro-dollars.

    By how much of its local day's spend is over at the beginning and at the end of each: right for a
    day of 23 or 25 hours, and where local hours begin at half past.
    """
    zone = pattern.calendar.time_zone
    day = first.astimezone(zone).date()
    days = count // 24 + 3
    expected = [amount * pattern.level.ratio for amount in pattern.profile.expected(day, days)]
    before, at = 0.0, 0
    totals: list[float] = []
    moments = (first + number * HOUR for number in range(count + 1))
    for today, of_day in groupby(moments, lambda moment: moment.astimezone(zone).date()):
        while day < today:
            before, day, at = before + expected[at], day + DAY, at + 1
        overs = shares_over(pattern.hours, day, of_day, pattern.calendar)
        totals += [before + expected[at] * over for over in overs]
    return [round(after - begin) for begin, after in pairwise(totals)]


def full_hour(moment: datetime) -> datetime:
    """The full hour of UTC that holds a moment."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
