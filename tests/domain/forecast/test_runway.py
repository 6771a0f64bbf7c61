"""Runway: to the hour within the day, and as a distribution."""

from datetime import date, timedelta

from bot.domain.forecast import runway
from bot.domain.money import ZERO, Micros, micros
from tests.domain.forecast.histories import HOURS_9_TO_17, TODAY, amounts, at, outlook, weeks


def test_the_limit_is_reached_in_the_hours_of_work() -> None:
    """$250 at $100 a day of office hours from Monday on: Wednesday at 13:00."""
    found = outlook(weeks(56, hours=HOURS_9_TO_17))

    assert at(13, day=TODAY + timedelta(2)) == runway(found, micros(250)).p50


def test_nothing_runs_out_on_a_weekend() -> None:
    """Of the $500 of the week a cent is left on Friday: it goes on Monday morning."""
    found = outlook(weeks(56, hours=HOURS_9_TO_17))
    reached = runway(found, micros("500.01")).p50

    assert reached is not None
    assert at(9, day=date(2026, 11, 23)) <= reached < at(10, day=date(2026, 11, 23))


def test_today_counts_from_now_on() -> None:
    """At noon with $37.50 spent, a limit of $50 is an hour away."""
    found = outlook(weeks(56, hours=HOURS_9_TO_17), today="37.50", spent="37.50", as_of=at(12))

    assert at(13) == runway(found, micros(50)).p50


def test_a_limit_that_is_reached_has_no_runway() -> None:
    """At or above the limit the moment is now, with certainty, and without history too."""
    for history in (weeks(56), amounts(10)):
        found = outlook(history, spent="100")
        reached = runway(found, micros(100))

        assert [found.as_of] * 3 == [reached.p20, reached.p50, reached.p80]


def test_a_limit_of_nothing_is_reached() -> None:
    """As in the standing: 0 of 0 leaves no headroom."""
    assert at(0) == runway(outlook(weeks(56)), ZERO).p50


def test_a_limit_beyond_the_period_is_not_reached() -> None:
    """The forecast stays below it: no runway to speak of."""
    assert runway(outlook(weeks(56)), micros(5000)).p50 is None


def test_a_budget_without_limit_never_runs_out() -> None:
    """None in, None out."""
    assert runway(outlook(weeks(56)), None).p20 is None


def test_an_uncertain_limit_is_reached_early_late_or_never() -> None:
    """Weeks that scatter spread the moments; the late one may lie beyond the period."""
    found = outlook(amounts(*([60.0] * 7 + [140.0] * 7) * 4))
    assert found.p50 is not None
    reached = runway(found, Micros(found.p50 - 10))

    assert reached.p20 is not None
    assert reached.p50 is not None
    assert reached.p20 < reached.p50 - timedelta(days=1)
    assert reached.p80 is None


def test_what_is_spent_stays_spent_at_every_quantile() -> None:
    """On Friday a weekend of rest lies ahead: its days narrow the spread and take nothing back."""
    weekly = [60.0] * 5 + [0.0] * 2 + [140.0] * 5 + [0.0] * 2
    friday = TODAY + timedelta(4)
    found = outlook(amounts(*weekly * 4, *[60.0] * 4, until=friday), as_of=at(0, day=friday))
    assert found.path is not None

    for percent in (20, 50, 80):
        path = found.path.quantile(percent)
        assert sorted(path) == path


def test_a_credit_in_the_night_moves_no_hours() -> None:
    """An hour below zero is an hour without spend."""
    hours = [*HOURS_9_TO_17]
    hours[3] = micros(-5)
    found = outlook(weeks(56, hours=hours))

    assert at(13, day=TODAY + timedelta(2)) == runway(found, micros(250)).p50


def test_without_history_the_runway_is_unknown() -> None:
    """Two days of spend say nothing about the next."""
    assert runway(outlook(amounts(10, 10), spent="20"), micros(100)).p50 is None


def test_one_forecast_answers_for_many_limits() -> None:
    """What a raise buys is the difference of two runways: $100 more is a working day more."""
    found = outlook(weeks(56, hours=HOURS_9_TO_17))
    before, after = (runway(found, micros(limit)).p50 for limit in (250, 350))

    assert before is not None
    assert after is not None
    assert timedelta(days=1) == after - before
