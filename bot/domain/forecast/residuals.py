"""The spread: how far past weeks were from what the same model would have said before them."""

from collections.abc import Sequence
from itertools import accumulate
from math import log, sqrt

WEEK, ORIGINS = 7, 28
MOST = log(3)  # a week at a third or at three times its forecast says "wide", no more
UNKNOWN = 0.25  # the spread where history is too short to know; what it is, is in benchmarks
NORMAL = {20: -0.8416, 50: 0.0, 80: 0.8416}
"""Quantiles of the standard normal, by per cent."""


def spread(days: Sequence[float], expected: Sequence[float], before: Sequence[float]) -> float:
    """
    The root mean square of log(spent ÷ forecast) over the weeks that began in the last 28 days.

    `before` is the level as it was known on the morning of each day. As long as there are fewer than
    28 such weeks, the missing ones count with 0.25 each.
    """
    spent = list(accumulate(days, initial=0.0))
    usual = list(accumulate(expected, initial=0.0))
    count = len(days)
    total, weeks = 0.0, 0
    for at in range(max(WEEK, count - WEEK - ORIGINS + 1), count - WEEK + 1):
        forecast = before[at] * (usual[at + WEEK] - usual[at])
        if forecast > 0:
            total += _miss(spent[at + WEEK] - spent[at], forecast) ** 2
            weeks += 1
    missing = max(0, ORIGINS - weeks)
    return sqrt((total + missing * UNKNOWN**2) / (weeks + missing))


def _miss(spent: float, forecast: float) -> float:
    if spent <= 0:
        return -MOST
    return max(-MOST, min(MOST, log(spent / forecast)))


def widening(days: int) -> float:
    """
    How much wider than a week's the spread of the sum of so many days is.

    Single days scatter more than a week (1.2 ÷ days), and the level wanders off (days ÷ 28). Fitted
    so that P80 holds in about 80 of 100 cases on the series named in benchmarks/forecasting.
    """
    return sqrt(0.7 + days / 28 + 1.2 / days)


WIDENING = tuple(widening(days) for days in range(1, 100))
"""By days ahead, the first is for one; as long as the longest quarter, and a week more."""
