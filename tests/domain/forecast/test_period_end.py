"""The period's end: confidence by length of history, weekdays, holidays, hours, clocks."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.forecast import Confidence, History
from bot.domain.money import Micros, micros
from bot.domain.periods import Cadence, midnight, period_at
from bot.domain.spans import WorkCalendar
from tests.domain.forecast.histories import (
    CALENDAR,
    HOURS_9_TO_17,
    NEW_YORK,
    TODAY,
    amounts,
    at,
    month,
    outlook,
    weeks,
)

# From Monday 16 November there are 11 working days left in the month, and 15 days in all.


def test_a_team_idle_at_weekends_is_forecast_by_its_working_days() -> None:
    """$100 on each of the 11 working days left, nothing on weekends, and no doubt about it."""
    found = outlook(weeks(56), spent="1000")

    assert (micros(2100), micros(2100)) == (found.p50, found.p80)
    assert Confidence.NORMAL is found.confidence


@pytest.mark.parametrize(
    ("days", "confidence"),
    [
        (0, Confidence.NONE),
        (2, Confidence.NONE),
        (3, Confidence.LOW),
        (13, Confidence.LOW),
        (14, Confidence.NORMAL),
        (90, Confidence.NORMAL),
    ],
)
def test_confidence_goes_by_days_of_history(days: int, confidence: Confidence) -> None:
    """Under 3 days none, under 14 days low."""
    assert confidence is outlook(amounts(*[10.0] * days)).confidence


def test_without_history_there_is_no_forecast() -> None:
    """Two days say nothing, and nothing is what is said."""
    found = outlook(amounts(10, 10), spent="20")

    assert (None, None) == (found.p50, found.p80)


def test_little_history_gives_the_trailing_mean() -> None:
    """The mean of the last seven days for each of the 15 days left, with room above it."""
    found = outlook(amounts(900, *[10.0] * 7), spent="100")

    assert micros(250) == found.p50
    assert found.p80 is not None
    assert micros(270) < found.p80 < micros(300)


def test_days_before_the_first_spend_are_no_history() -> None:
    """A budget that waited two months for its first charge knows five days, not sixty."""
    found = outlook(amounts(*[0.0] * 60, *[10.0] * 5))

    assert Confidence.LOW is found.confidence
    assert micros(150) == found.p50


def test_a_budget_that_slept_begins_anew() -> None:
    """After 28 days without spend, what was before them says nothing."""
    found = outlook(amounts(*[500.0] * 10, *[0.0] * 28, *[10.0] * 4))

    assert Confidence.LOW is found.confidence
    assert micros(150) == found.p50


def test_a_budget_that_never_spent_is_forecast_to_spend_nothing() -> None:
    """Zero is a history too."""
    found = outlook(amounts(*[0.0] * 40))

    assert (micros(0), micros(0)) == (found.p50, found.p80)
    assert Confidence.NORMAL is found.confidence


@pytest.mark.parametrize("before", [0.0, 100.0])
def test_a_first_charge_today_is_no_forecast(before: float) -> None:
    """One morning of spend after weeks of nothing is no rate to plan with."""
    history = amounts(before, before, *[0.0] * 40)

    assert outlook(history, today="50", spent="50").p50 is None


def test_a_holiday_costs_what_a_free_day_costs() -> None:
    """Thanksgiving on a Thursday: one working day less."""
    calendar = replace(CALENDAR, holidays={date(2026, 11, 26)})

    assert micros(1000) == outlook(weeks(56), calendar=calendar).p50


def test_a_team_that_never_rests_does_not_rest_on_holidays() -> None:
    """The cost of a holiday is learned from free weekdays: at this product they cost the same."""
    calendar = replace(CALENDAR, holidays={date(2026, 11, 26)})

    assert micros(1500) == outlook(weeks(56, (100,) * 7), calendar=calendar).p50


def test_a_holiday_in_the_history_does_not_make_its_weekday_cheaper() -> None:
    """A free Wednesday last week says nothing about the Wednesdays to come."""
    free = date(2026, 11, 11)
    history = weeks(56)
    days = list(history.days)
    days[(free - history.first_day).days] = Micros(0)
    calendar = replace(CALENDAR, holidays={free})

    assert micros(1100) == outlook(History(history.first_day, days), calendar=calendar).p50


def test_the_day_moves_with_its_hours() -> None:
    """At noon three of eight office hours are over: five eighths of today are still to come."""
    history = weeks(56, hours=HOURS_9_TO_17)
    found = outlook(history, today="37.50", spent="37.50", as_of=at(12))

    assert micros(1100) == found.p50


def test_nothing_is_lost_or_won_at_midnight() -> None:
    """The forecast a second before midnight is the one at midnight, whatever today cost."""
    history = weeks(56, hours=HOURS_9_TO_17)
    before = outlook(history, today="250", spent="250", as_of=at(23, 59))
    days = [*history.days, micros(250)]
    after = outlook(
        History(history.first_day, days, HOURS_9_TO_17),
        spent="250",
        as_of=at(0, day=TODAY + timedelta(1)),
    )

    assert before.p50 is not None
    assert after.p50 is not None
    # The profile learns of the dear Monday only when the day is complete; the level does at once.
    assert abs(before.p50 - after.p50) < micros(60)


def test_a_morning_that_burns_raises_what_is_left_of_the_day() -> None:
    """Twice the usual at noon: of the rest of the day three eighths more is believed."""
    history = weeks(56, hours=HOURS_9_TO_17)
    usual = outlook(history, today="37.50", spent="37.50", as_of=at(12))
    double = outlook(history, today="75", spent="75", as_of=at(12))

    assert usual.path is not None
    assert double.path is not None
    assert micros("62.50") == round(usual.path.cumulative[0])
    assert micros(85) < double.path.cumulative[0] < micros(90)


@pytest.mark.parametrize(
    ("day", "zone"),
    [
        (date(2026, 3, 8), "America/New_York"),  # 23 hours
        (date(2026, 11, 1), "America/New_York"),  # 25 hours
        (date(2026, 4, 5), "Australia/Lord_Howe"),  # 24.5 hours
    ],
)
def test_a_day_is_a_day_when_the_clocks_move(day: date, zone: str) -> None:
    """Half of an even day is half of its spend, and a month with such a day has all its days."""
    time_zone = ZoneInfo(zone)
    calendar = WorkCalendar(time_zone)
    period = period_at(midnight(day, time_zone), Cadence.MONTH, time_zone)
    starts_at = midnight(day, time_zone)
    noon = starts_at + (midnight(day + timedelta(1), time_zone) - starts_at) / 2
    history = weeks(56, (100,) * 7, until=day)
    left = (period.ends_at.astimezone(time_zone).date() - day).days
    whole = outlook(history, as_of=starts_at, calendar=calendar, period=period)
    half = outlook(history, "50", "50", as_of=noon, calendar=calendar, period=period)

    assert (micros(100 * left), micros(100 * left)) == (whole.p50, half.p50)


@pytest.mark.parametrize(
    ("first", "days"),
    [
        (date(2026, 2, 1), 28),
        (date(2028, 2, 1), 29),
        (date(2026, 4, 1), 30),
        (date(2026, 5, 1), 31),
    ],
)
def test_a_month_has_as_many_days_as_it_has(first: date, days: int) -> None:
    """On its first morning, all of them are to come."""
    found = outlook(weeks(56, (10,) * 7, until=first), as_of=at(0, day=first), period=month(first))

    assert micros(10 * days) == found.p50


@pytest.mark.parametrize(
    ("cadence", "left"), [(Cadence.DAY, 1), (Cadence.WEEK, 7), (Cadence.QUARTER, 46)]
)
def test_every_cadence_is_forecast(cadence: Cadence, left: int) -> None:
    """A day, a week and a quarter, on a Monday in November."""
    period = period_at(midnight(TODAY, NEW_YORK), cadence, NEW_YORK)

    assert micros(10 * left) == outlook(weeks(56, (10,) * 7), period=period).p50


def test_after_the_period_nothing_is_to_come() -> None:
    """Figures that end with the period are its total."""
    found = outlook(weeks(56), spent="77", as_of=month().ends_at)

    assert (micros(77), micros(77)) == (found.p50, found.p80)


def test_the_more_the_weeks_scattered_the_wider_is_the_forecast() -> None:
    """Weeks at half and at twice the usual put P80 far above P50."""
    wild = amounts(*([50.0] * 7 + [200.0] * 7) * 4)
    calm = amounts(*([100.0] * 7 + [105.0] * 7) * 4)
    room = []
    for found in (outlook(wild), outlook(calm)):
        assert found.p50
        assert found.p80
        room.append(found.p80 / found.p50)

    assert room[0] > 1.3
    assert room[1] < 1.1
