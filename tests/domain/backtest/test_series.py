"""A series: which periods are full, and what may be known of it on a day."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.backtest import Series
from bot.domain.money import micros
from bot.domain.periods import Cadence, midnight
from tests.domain.backtest.pasts import days, hours, month
from tests.domain.values import DAY, HOUR, NEW_YORK


def first_days(series: Series, since: date | None = None) -> list[date]:
    """The full months."""
    return [period.first_day for period in series.full_periods(Cadence.MONTH, since)]


def test_only_full_periods_count() -> None:
    """Data that begins or ends inside a month says nothing about that month."""
    series = days(*[1] * 100, first=date(2026, 8, 2))  # up to November 9

    assert [date(2026, 9, 1), date(2026, 10, 1)] == first_days(series)
    assert [date(2026, 10, 1)] == first_days(series, date(2026, 9, 2))


def test_the_last_day_makes_a_month_full() -> None:
    """A day less, and it is not."""
    assert [date(2026, 8, 1)] == first_days(days(*[1] * 31))
    assert [] == first_days(days(*[1] * 30))


def test_hours_without_gaps_are_taken_at_their_word() -> None:
    """The last hour of the month is missing: it is not full."""
    assert [date(2026, 8, 1)] == first_days(hours([1] * 31 * 24))
    assert [] == first_days(hours([1] * (31 * 24 - 1)))


def test_quiet_hours_that_are_left_out_make_no_month_partial() -> None:
    """Who writes no line for a quiet hour has none for the first morning and the last night either."""
    start = midnight(date(2026, 8, 1), NEW_YORK)
    rows = [(start + n * DAY + 9 * HOUR, micros(1)) for n in range(31)]

    assert [date(2026, 8, 1)] == first_days(Series(rows, HOUR, NEW_YORK))


def test_a_month_in_which_clocks_change_has_its_hour_more() -> None:
    """November in New York has 721 hours, and 30 days."""
    november = month(11)

    assert 721 == len(list(hours([1] * 24 * 95).moments(november)))
    assert 30 == len(list(days(*[1] * 95).moments(november)))


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_every_dollar_of_a_month_is_in_it_once(zone: str) -> None:
    """Days of 23 to 25 hours begin at their own midnight."""
    place = ZoneInfo(zone)
    series = days(*range(1, 400), first=date(2026, 1, 1), zone=place)
    months = list(series.full_periods(Cadence.MONTH))

    assert 13 == len(months)
    assert micros(sum(range(1, 32))) == series.spent(months[0].starts_at, months[0].ends_at)
    whole = sum(series.spent(month.starts_at, month.ends_at) for month in months)
    assert whole == series.spent(months[0].starts_at, months[-1].ends_at)


def test_a_history_ends_before_the_day_it_is_asked_on() -> None:
    """Complete days only, the hours by the local clock, at most 62 days."""
    series = hours([n % 24 for n in range(24 * 80)])
    today = date(2026, 8, 1) + timedelta(70)
    history = series.history(today)

    assert (date(2026, 8, 9), 62) == (history.first_day, len(history.days))
    assert {sum(range(24))} == set(history.days)
    assert [62 * hour for hour in range(24)] == list(history.hours)
    assert [] == list(days(*[1] * 9).history(date(2026, 8, 5)).hours)


def test_a_day_that_is_known_in_part_is_no_history() -> None:
    """The first morning is missing, so the first day is left out."""
    start = midnight(date(2026, 8, 1), NEW_YORK) + 9 * HOUR
    series = Series([(start + n * HOUR, micros(1)) for n in range(48)], HOUR, NEW_YORK)

    assert date(2026, 8, 2) == series.history(date(2026, 8, 3)).first_day
