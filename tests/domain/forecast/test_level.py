"""The level and its steps: fast to believe a rise, slow to believe a fall."""

from datetime import timedelta
from random import Random

import pytest

from bot.domain.forecast import learn
from bot.domain.money import micros
from tests.domain.forecast.histories import CALENDAR, OFFICE, TODAY, amounts, outlook, weeks

EVEN = (100.0,) * 7


def noisy(days: int, seed: int, spread: float = 0.15) -> list[float]:
    """A team's dollars that scatter around 100."""
    random = Random(seed)  # noqa: S311 figures for a test
    return [100 * random.lognormvariate(0, spread) for _ in range(days)]


def test_a_rise_that_lasts_two_days_is_a_step() -> None:
    """Three times the spend since Saturday: the month is forecast at the new level."""
    found = outlook(amounts(*[100.0] * 54, 300, 300))

    assert micros(15 * 300) == found.p50
    assert TODAY - timedelta(2) == found.grounds.since


@pytest.mark.parametrize(("days", "known"), [(1, False), (4, False), (5, True), (10, True)])
def test_a_fall_is_a_step_after_five_days(days: int, known: bool) -> None:
    """Until then it may be a holiday nobody wrote down."""
    pattern = learn(amounts(*[100.0] * 46, *[40.0] * days), CALENDAR)

    assert known == (pattern.since == TODAY - timedelta(days))


def test_a_single_dear_day_is_no_step() -> None:
    """One run of ten times the usual is not what the month will be like."""
    found = outlook(amounts(*[100.0] * 55, 1000))

    assert found.grounds.since is None
    assert found.p50 is not None
    assert found.p50 < micros(15 * 300)


def test_a_shutdown_that_ended_is_no_step() -> None:
    """Six days without spend, and then three as ever: the old level holds."""
    pattern = learn(amounts(*noisy(46, 1, 0.05), *[5.0] * 6, *noisy(3, 2, 0.05)), CALENDAR)

    assert pattern.since is None


@pytest.mark.parametrize("spread", [0.15, 0.5])
def test_noise_is_no_step(spread: float) -> None:
    """Of a hundred teams that only scatter, a little or a lot, at most two are said to change."""
    steps = [learn(amounts(*noisy(60, seed, spread)), CALENDAR).since for seed in range(100)]

    assert sum(step is not None for step in steps) <= 2


def test_a_step_keeps_the_weekdays() -> None:
    """A team at rest on weekends that doubles on a Wednesday still rests on weekends."""
    history = weeks(56)
    days = [*history.days[:-5], *(2 * day for day in history.days[-5:])]
    found = outlook(amounts(*(day / 1_000_000 for day in days)))

    assert micros(11 * 200) == found.p50


def test_the_level_follows_the_last_days() -> None:
    """A slow rise: the forecast stands above the mean of the weeks, and below the last day."""
    found = outlook(amounts(*[100 + n for n in range(56)]))

    assert found.p50 is not None
    assert micros(15 * 128) < found.p50 < micros(15 * 155)
    assert found.grounds.level > 100


def test_a_charge_on_a_free_day_moves_the_level_little() -> None:
    """A cent was usual on Sundays: a dollar is a hundred times that, and nothing to a Monday."""
    week = (*OFFICE[:6], 0.01)
    history = weeks(56, week)
    days = [*history.days[:-1], micros(1)]
    found = outlook(amounts(*(day / 1_000_000 for day in days)))

    assert found.p50 is not None
    assert micros(1090) < found.p50 < micros(1120)


def test_even_days_have_a_level_of_one_hundred() -> None:
    """The level is told in per cent of the 28 days."""
    assert outlook(weeks(56, EVEN)).grounds.level == 100
