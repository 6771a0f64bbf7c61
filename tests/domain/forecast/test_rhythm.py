"""The rhythm: how long a budget was seen to spend, and on how many of its working days."""

from datetime import timedelta

import pytest
from hypothesis import given

from bot.domain.forecast import History, Rhythm, learn
from bot.domain.money import ZERO, Micros
from bot.domain.periods import Period
from bot.domain.spans import WorkCalendar
from tests.domain.forecast.histories import (
    CALENDAR,
    NEW_YORK,
    TODAY,
    amounts,
    outlook,
    situations,
    weeks,
)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (weeks(28), Rhythm(28, 20, 20)),
        (weeks(27), Rhythm(27, 19, 19)),
        (weeks(60), Rhythm(60, 20, 20)),
        (weeks(90), Rhythm(62, 20, 20)),  # no more than is learned from
        (weeks(14), Rhythm(14, 10, 10)),
        (amounts(*[0] * 40, *[5] * 20), Rhythm(20, 14, 14)),  # nothing before the first spend
        (amounts(*[5] * 20, *[0] * 28, *[5] * 16), Rhythm(16, 10, 10)),  # nor before a sleep
        (weeks(28, (0, 0, 0, 0, 0, 9, 9)), Rhythm(23, 15, 0)),  # Saturdays and Sundays alone
        (weeks(28, (9, 0, 0, 0, 0, 0, 0)), Rhythm(28, 20, 4)),
    ],
)
def test_counts_days_and_working_days(history: History, expected: Rhythm) -> None:
    """Days since the first spend, and of the last 28 the working ones with spend."""
    assert expected == outlook(history).rhythm


def test_a_holiday_is_no_working_day() -> None:
    """Nobody has to spend on it; who does has shown nothing about working days."""
    holidays = frozenset({TODAY - timedelta(4), TODAY - timedelta(6)})

    assert Rhythm(28, 18, 18) == learn(weeks(28), WorkCalendar(NEW_YORK, holidays=holidays)).rhythm


@pytest.mark.parametrize("days", [0, 2, 3, 13])
def test_nothing_is_seen_without_weekdays(days: int) -> None:
    """Of a forecast that is none, or of low confidence, there is no rhythm to trust."""
    assert Rhythm() == outlook(weeks(days)).rhythm
    assert not Rhythm().is_known(0)


@pytest.mark.parametrize(
    ("rhythm", "after", "known"),
    [
        (Rhythm(28, 20, 10), 28, True),
        (Rhythm(28, 20, 9), 28, False),
        (Rhythm(27, 20, 20), 28, False),
        (Rhythm(27, 20, 20), 27, True),
        (Rhythm(28, 19, 9), 28, False),
        (Rhythm(28, 19, 10), 28, True),
        (Rhythm(62, 0, 0), 28, False),
    ],
)
def test_every_other_working_day_is_a_rhythm(rhythm: Rhythm, after: int, *, known: bool) -> None:
    """Half of them, or more; with no working day at all there is nothing to see."""
    assert known is rhythm.is_known(after)


@pytest.mark.parametrize("since", range(14, 62))
def test_one_day_of_spend_is_no_rhythm_however_long_ago(since: int) -> None:
    """Nor are the quiet days after it."""
    found = outlook(amounts(*[0] * (61 - since), 100, *[0] * since)).rhythm

    assert not found.is_known(28)
    assert not found.is_known(14)


@given(situations())
def test_no_more_is_seen_than_was_there(
    situation: tuple[History, WorkCalendar, Micros, Micros, Period, object],
) -> None:
    """Never more days than since the first spend, nor more days with spend than working days."""
    history, calendar, *_ = situation
    found = learn(history, calendar).rhythm
    first = next((n for n, amount in enumerate(history.days) if amount > ZERO), 0)

    assert 0 <= found.spending <= found.working <= 28
    assert found.days <= len(history.days) - first
    assert calendar.working_days or found.working == 0


def test_the_rhythm_goes_with_the_forecast() -> None:
    """Whoever has the forecast need not ask the history again."""
    assert outlook(weeks(35)).rhythm == learn(weeks(35), CALENDAR).rhythm
