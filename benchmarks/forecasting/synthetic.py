"""Synthetic teams, seeded: what budgets look like that no public series shows."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from math import exp
from random import Random

from benchmarks.forecasting.month import BEFORE, Month

DAYS = BEFORE + 30


def chat_product(random: Random, weekday: int, _: int) -> float:
    """Used every day, a little less at weekends."""
    return (0.88 if weekday >= 5 else 1.0) * _noise(random, 0.12)


def coding_weekend(random: Random, weekday: int, _: int) -> float:
    """A coding team: next to nothing at weekends."""
    if weekday >= 5:
        return random.choice((0.0, 0.0, 0.05, 0.1))
    return (1.0, 1.1, 1.1, 1.05, 0.85)[weekday] * _noise(random, 0.25)


def nightly_batch(random: Random, _weekday: int, _: int) -> float:
    """One run a night, of a size that depends on the day's intake; now and then none."""
    return 0.0 if random.random() < 0.04 else _noise(random, 0.4)


def step_inside(random: Random, weekday: int, day: int) -> float:
    """A product that changes its model on the ninth day of the month, for good, and doubles."""
    return chat_product(random, weekday, day) * (2.0 if day >= BEFORE + 8 else 1.0)


TEAMS: Mapping[str, Callable[[Random, int, int], float]] = {
    "chat_product": chat_product,
    "coding_weekend": coding_weekend,
    "nightly_batch": nightly_batch,
    "step_inside": step_inside,
}


def series(name: str, count: int) -> list[Month]:
    """
    Months of as many teams of that kind.

    Each begins on a weekday of its own, and grows or shrinks by about a per cent a week (mean 1, sd
    2); one of eight changes its level at a stroke somewhere on the way.
    """
    return [_month(TEAMS[name], Random(f"{name} {number}")) for number in range(count)]  # noqa: S311


def _month(team: Callable[[Random, int, int], float], random: Random) -> Month:
    first = date(2026, 1, 1) + timedelta(random.randrange(7))
    base, growth = random.uniform(50, 500), random.gauss(0.01, 0.02)
    steps = random.random() < 1 / 8
    at, factor = random.randrange(DAYS), random.choice((0.6, 1.5, 2.0))
    days = []
    for day in range(DAYS):
        weekday = (first + timedelta(day)).weekday()
        amount = base * (1 + growth) ** (day / 7) * team(random, weekday, day)
        days.append(amount * (factor if steps and day >= at else 1.0))
    return Month(first + timedelta(BEFORE), days[:BEFORE], days[BEFORE:])


def _noise(random: Random, sd: float) -> float:
    """Log-normal with mean 1."""
    return exp(random.gauss(-sd * sd / 2, sd))
