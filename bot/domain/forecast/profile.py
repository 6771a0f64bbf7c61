"""The weekday profile: what each weekday costs, working days and holidays known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.domain.spans import WorkCalendar

WINDOW = 28  # days: four of each weekday


@dataclass(frozen=True, slots=True)
class Profile:
    """
    The average of each weekday in micro-dollars, Monday first, and how many days it stands on.

    `holidays` are the ordinals of the days that fall on a working weekday and are free all the same;
    such a day costs what a free weekday costs, so a team that rests on Sundays rests on holidays, and
    a chat product that never rests does not.
    """

    averages: tuple[float, ...]
    counts: tuple[int, ...]
    free_day: float | None = None
    holidays: frozenset[int] = frozenset()

    def expected(self, first: date, days: int) -> list[float]:
        """What each of the days would cost at the profile's own level."""
        start = first.toordinal()
        weekday = first.weekday()
        week = self.averages[weekday:] + self.averages[:weekday]
        expected = list((week * (days // 7 + 1))[:days])
        for holiday in self.holidays if self.free_day is not None else ():
            if 0 <= holiday - start < days:
                at = holiday - start
                expected[at] = min(expected[at], self.free_day or 0.0)
        return expected


def weekdays(first: date, days: Sequence[float], calendar: WorkCalendar) -> Profile:
    """
    The profile of the last 28 of the days; holidays are left out of their weekday's average.

    A weekday of which only holidays were seen costs what the other working days do.
    """
    skipped = max(0, len(days) - WINDOW)
    start = first.toordinal() + skipped
    holidays = _holidays(calendar)
    weekday = (first.weekday() + skipped) % 7
    sums, counts = [0.0] * 7, [0] * 7
    for ordinal, amount in enumerate(days[skipped:], start):
        if ordinal not in holidays:
            sums[weekday] += amount
            counts[weekday] += 1
        weekday = (weekday + 1) % 7
    working = [day for day in calendar.working_days if counts[day]]
    other = _mean([sums[day] / counts[day] for day in working])
    averages = tuple(sums[day] / counts[day] if counts[day] else other for day in range(7))
    free = [averages[day] for day in range(7) if day not in calendar.working_days]
    return Profile(averages, tuple(counts), _mean(free) if free else None, holidays)


def flat(days: Sequence[float]) -> Profile:
    """With little history every day costs the mean of the last seven, or of as many as there are."""
    last = days[-7:]
    return Profile((_mean(last),) * 7, (len(last),) * 7)


def _holidays(calendar: WorkCalendar) -> frozenset[int]:
    return frozenset(
        day.toordinal() for day in calendar.holidays if day.weekday() in calendar.working_days
    )


def _mean(amounts: Sequence[float]) -> float:
    return sum(amounts) / len(amounts) if amounts else 0.0
