"""What holds for every history, whatever was spent in it."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.forecast import Confidence, History, forecast, learn, runway, sentence
from bot.domain.money import Micros
from bot.domain.periods import Period
from bot.domain.spans import WorkCalendar
from tests.domain.forecast.histories import situations

Situation = tuple[History, WorkCalendar, Micros, Micros, Period, datetime]
QUICK = settings(max_examples=200, deadline=None)


@QUICK
@given(situations())
def test_a_forecast_is_never_below_what_is_spent(situation: Situation) -> None:
    """Spent ≤ P50 ≤ P80, and neither is there without history."""
    history, calendar, today, spent, period, as_of = situation
    found = forecast(learn(history, calendar), today, spent, period, as_of)

    if found.confidence is Confidence.NONE:
        assert (None, None) == (found.p50, found.p80)
    else:
        assert found.p50 is not None
        assert found.p80 is not None
        assert spent <= found.p50 <= found.p80
        assert found.p50 - spent == found.grounds.rest


@QUICK
@given(situations())
def test_every_forecast_has_its_sentence(situation: Situation) -> None:
    """One sentence, whatever the history."""
    history, calendar, today, spent, period, as_of = situation
    text = sentence(forecast(learn(history, calendar), today, spent, period, as_of))

    assert text.endswith(".")
    assert "None" not in text


@QUICK
@given(situations(), st.lists(st.integers(0, 10**17), min_size=2, max_size=5))
def test_a_higher_limit_is_never_reached_earlier(situation: Situation, limits: list[int]) -> None:
    """The runway grows with the limit, at each probability."""
    history, calendar, today, spent, period, as_of = situation
    found = forecast(learn(history, calendar), today, spent, period, as_of)
    runways = [runway(found, Micros(limit)) for limit in sorted(limits)]

    for name in ("p20", "p50", "p80"):
        moments = [_or_end(getattr(each, name), period) for each in runways]
        assert sorted(moments) == moments


@QUICK
@given(situations(), st.integers(0, 10**16))
def test_the_careful_moment_comes_first(situation: Situation, limit: int) -> None:
    """P20 ≤ P50 ≤ P80, and each lies between now and the end of the period."""
    history, calendar, today, spent, period, as_of = situation
    found = forecast(learn(history, calendar), today, spent, period, as_of)
    each = runway(found, Micros(limit))
    moments = [_or_end(m, period) for m in (each.p20, each.p50, each.p80)]

    assert sorted(moments) == moments
    assert all(as_of <= moment <= period.ends_at for moment in moments)


@QUICK
@given(situations(), st.integers(1, 10**16))
def test_runway_and_forecast_say_the_same(situation: Situation, limit: int) -> None:
    """The limit is reached within the period exactly when the forecast is not below it."""
    history, calendar, today, spent, period, as_of = situation
    found = forecast(learn(history, calendar), today, spent, period, as_of)
    each = runway(found, Micros(limit))

    for total, moment in ((found.p50, each.p50), (found.p80, each.p20)):
        if total is not None and abs(total - limit) > 1:
            assert (total > limit or spent >= limit) == (moment is not None)


@QUICK
@given(situations(), st.integers(2, 1000))
def test_amounts_scale(situation: Situation, factor: int) -> None:
    """The same spend in another currency is the same forecast in that currency."""
    history, calendar, today, spent, period, as_of = situation
    once = forecast(learn(history, calendar), today, spent, period, as_of)
    scaled = History(
        history.first_day,
        [Micros(day * factor) for day in history.days],
        [Micros(hour * factor) for hour in history.hours],
    )
    more = forecast(
        learn(scaled, calendar), Micros(today * factor), Micros(spent * factor), period, as_of
    )

    assert once.confidence == more.confidence
    for one, other in ((once.p50, more.p50), (once.p80, more.p80)):
        if one is not None and other is not None:
            assert abs(one * factor - other) <= factor + abs(other) * 1e-9


@QUICK
@given(situations())
def test_nothing_is_left_to_chance(situation: Situation) -> None:
    """The same figures are the same forecast."""
    history, calendar, today, spent, period, as_of = situation

    assert forecast(learn(history, calendar), today, spent, period, as_of) == forecast(
        learn(history, calendar), today, spent, period, as_of
    )


@QUICK
@given(situations(), st.integers(1, 40))
def test_figures_of_before_the_period_count_for_all_of_it(
    situation: Situation, before: int
) -> None:
    """A forecast made before the period begins is about the period alone."""
    history, calendar, _, _, period, _ = situation
    early = period.starts_at - timedelta(hours=before)
    found = forecast(learn(history, calendar), Micros(0), Micros(0), period, early)
    reached = runway(found, Micros(1))

    assert reached.p50 is None or period.starts_at <= reached.p50 < period.ends_at


def _or_end(moment: datetime | None, period: Period) -> datetime:
    """None is later than every moment in the period."""
    return moment or period.ends_at
