"""The level: how the last days compare with the profile, and whether it changed at a stroke."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, log, sqrt
from statistics import median

KEEP = 0.88  # a day counts 12 % less than the one after it: half of the level is six days old
# A rise is believed after two days, a fall after five: a shutdown ends by itself, a loop does not.
# Either is a step when it is more than a quarter, and six times what the noise explains.
RISE, FALL, OLDEST = 2, 5, 14
BEFORE = 28
LEAST_CHANGE, CERTAINTY = log(1.25), 6.0
MOST_CHANGE = log(20)
LEAST_NOISE = 0.03
IDLE = 0.15  # of a mean day; such a day says nothing about the level
NORMAL_MAD = 0.6745  # the median of |x| of a standard normal x


@dataclass(frozen=True, slots=True)
class Level:
    """
    Spend over expected spend, the last days weighing most.

    A ratio of two sums and not a mean of ratios: a weekday that is usually idle then weighs nothing,
    and a charge on it cannot blow the level up.
    """

    spent: float = 0.0
    expected: float = 0.0

    def then(self, spent: float, expected: float, share: float = 1.0) -> "Level":
        """The level after a further day, or after that share of it."""
        keep = KEEP**share
        return Level(self.spent * keep + spent, self.expected * keep + expected)

    @property
    def ratio(self) -> float:
        """1.0 is the profile's own level, and what holds while nothing was expected."""
        return self.spent / self.expected if self.expected > 0 else 1.0


def levels(days: Sequence[float], expected: Sequence[float]) -> tuple[list[float], Level]:
    """The ratio as it was before each of the days (0 where unknown), and the level after them."""
    before = []
    spent = usual = 0.0
    for amount, expectation in zip(days, expected, strict=True):
        before.append(spent / usual if usual > 0 else 0.0)
        spent = spent * KEEP + amount
        usual = usual * KEEP + expectation
    return before, Level(spent, usual)


@dataclass(frozen=True, slots=True)
class Step:
    """A new level: the index of its first day, and how many times the old one it is."""

    at: int
    factor: float


def step(days: Sequence[float], expected: Sequence[float]) -> Step | None:
    """
    The step in the last 14 of at least 28 days, if there was one.

    Of the days 2 to 14 back the one where the means before and after differ most, as logarithms and
    in standard errors. The noise is the median change of a day from the same weekday a week before,
    which a single step or outlier does not move.
    """
    sums = Sums(days, expected)
    noise = _noise(days, expected)
    count = len(days)
    found, most, factor = None, CERTAINTY, 1.0
    for at in range(count - OLDEST, count - RISE + 1):
        start = max(0, at - BEFORE)
        change = sums.change(start, at, count)
        if abs(change) < LEAST_CHANGE or (change < 0 and at > count - FALL):
            continue
        certainty = abs(change) / (noise * sums.error(start, at, count))
        if certainty > most:
            found, most, factor = at, certainty, exp(change)
    return Step(found, factor) if found is not None and sums.holds(found, factor) else None


class Sums:
    """Running sums, so that the mean of any stretch of days costs two subtractions."""

    def __init__(self, days: Sequence[float], expected: Sequence[float]) -> None:
        self.spent = list(accumulate(days, initial=0.0))
        self.usual = list(accumulate(expected, initial=0.0))
        self.squares = list(accumulate((amount * amount for amount in expected), initial=0.0))
        self.least = self.usual[-1] / len(days) / 2
        self.idle = IDLE * self.usual[-1] / len(days)

    def level(self, start: int, end: int) -> float:
        """Spent over usual; 0 where hardly anything is usual, as on a free weekend."""
        usual = self.usual[end] - self.usual[start]
        return (self.spent[end] - self.spent[start]) / usual if usual > self.least else 0.0

    def change(self, start: int, at: int, end: int) -> float:
        """The logarithm of the level after `at` over the one before; 0 where it cannot be told."""
        before = self.level(start, at)
        if before <= 0 or self.usual[end] - self.usual[at] <= self.least:
            return 0.0
        after = self.level(at, end) / before
        return max(-MOST_CHANGE, log(after)) if after > 0 else -MOST_CHANGE

    def error(self, start: int, at: int, end: int) -> float:
        """The standard error of such a change for days with a relative noise of 1."""
        return sqrt(self._variance(start, at) + self._variance(at, end))

    def holds(self, at: int, factor: float) -> bool:
        """
        Whether the days are on the side of the new level: two at least, most of all since, and most
        of the last three. A single dear day is no step, and a shutdown that ended is none any more.
        """
        middle = self.level(max(0, at - BEFORE), at) * sqrt(factor)
        since = self._sides(at, middle, rise=factor > 1)
        last = self._sides(max(at, len(self.spent) - 4), middle, rise=factor > 1)
        most, still = 2 * sum(since) > len(since), 2 * sum(last) > len(last)
        return sum(since) >= 2 and most and (still or not last)

    def _sides(self, start: int, middle: float, rise: bool) -> list[bool]:
        """Of each day from `start` on, whether it is on the far side; idle days have no side."""
        days = []
        for day in range(start, len(self.spent) - 1):
            usual = self.usual[day + 1] - self.usual[day]
            if usual > self.idle:
                level = (self.spent[day + 1] - self.spent[day]) / usual
                days.append((level > middle) is rise)
        return days

    def _variance(self, start: int, end: int) -> float:
        usual = self.usual[end] - self.usual[start]
        return (self.squares[end] - self.squares[start]) / (usual * usual)


def _noise(days: Sequence[float], expected: Sequence[float]) -> float:
    """The relative noise of one day, from pairs of days a week apart; idle days say nothing."""
    least = IDLE * sum(expected) / len(expected)
    start = max(7, len(days) - 35)
    pairs = zip(days[start:], days[start - 7 :], expected[start:], strict=False)
    changes = [2 * abs(a - b) / (a + b) for a, b, e in pairs if e > least and a + b > 0]
    if not changes:
        return 1.0
    return max(LEAST_NOISE, median(changes) / (sqrt(2) * NORMAL_MAD))
