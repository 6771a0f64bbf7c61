"""A month to be forecast, and the days before it: what every method is given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

BEFORE = 56  # days of history at most, as many as make eight weeks


@dataclass(frozen=True, slots=True)
class Month:
    """Dollars a day: those `before` the month, the last of them the day before it, and its own."""

    first_day: date
    before: Sequence[float]
    during: Sequence[float]

    @property
    def total(self) -> float:
        return sum(self.during)


def months(first: date, days: Sequence[float], earliest: date) -> Iterator[Month]:
    """Every calendar month from `earliest` on that is complete and has 28 days before it."""
    month = earliest.replace(day=1)
    while True:
        after = (month + timedelta(days=32)).replace(day=1)
        start, end = (month - first).days, (after - first).days
        if end > len(days):
            return
        if start >= 28:
            yield Month(month, days[max(0, start - BEFORE) : start], days[start:end])
        month = after


def windows(first: date, days: Sequence[float], least: int) -> Iterator[Month]:
    """For a series of a few weeks: every 30 days in a row that have `least` days before them."""
    for start in range(least, len(days) - 30 + 1):
        yield Month(
            first + timedelta(start), days[max(0, start - BEFORE) : start], days[start : start + 30]
        )
