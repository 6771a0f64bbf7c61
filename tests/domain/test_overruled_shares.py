"""A forecast that knows the rhythm may overrule a share: when, and what it never silences."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.alerts import due_alert
from bot.domain.budgets import Stage, Thresholds
from bot.domain.forecast import Confidence, Forecast, History, forecast, learn, runway
from bot.domain.limits import Mode
from bot.domain.money import Micros
from bot.domain.outlook import Outlook
from bot.domain.periods import Period
from bot.domain.spans import WorkCalendar
from bot.domain.stages import Reached, Reason, by_share, by_time, of_share, overrules, worst
from bot.domain.standings import Standing
from bot.domain.watch import watch
from tests.domain.forecast.histories import (
    CALENDAR,
    OFFICE,
    TODAY,
    amounts,
    at,
    month,
    outlook,
    situations,
    weeks,
)
from tests.domain.values import BUDGET, FRESH, HOUR, STALE, standing

LOOK, RESPOND, INTERVENE, EXHAUSTED = Stage
OFF = replace(BUDGET, thresholds=Thresholds(trust_forecast_after=None))
SPENT = "20000"  # dollars, and $1,100 to come: 11 working days of November are left
SHARES = st.lists(st.integers(1, 99), min_size=3, max_size=3).map(sorted)
Situation = tuple[History, WorkCalendar, Micros, Micros, Period, datetime]


def steady(days: int = 56, spent: str = SPENT) -> Forecast:
    """$100 on every working day."""
    return outlook(weeks(days), spent=spent)


def p80(ahead: Forecast) -> Micros:
    """There is one."""
    assert ahead.p80 is not None
    return ahead.p80


def stage(ahead: Forecast | None, limit: int, trust: int | None = 28) -> Stage | None:
    """Of the share that is spent of a limit."""
    budget = replace(BUDGET, thresholds=Thresholds(trust_forecast_after=trust))
    found = by_share(budget, Micros(20_000_000_000), Micros(limit), ahead)
    assert found is None or found.reason is Reason.SHARE
    return found.stage if found else None


def stands(ahead: Forecast, limit: Micros, *, stale: bool = False) -> Standing:
    """The budget that the forecast is about, under a limit."""
    s = standing(
        ahead.spent,
        budget=replace(BUDGET, limit=limit),
        freshness=STALE if stale else FRESH,
        now=at(0),
    )
    return replace(s, outlook=Outlook(ahead, runway(ahead, limit)))


def test_at_the_limit_of_its_p80_a_share_is_overruled() -> None:
    """To the micro-dollar: a limit one below what 80 of 100 cases keep to is a limit in danger."""
    ahead = steady()

    assert None is stage(ahead, p80(ahead))
    assert RESPOND is stage(ahead, p80(ahead) - 1)


def test_the_limit_itself_is_never_overruled() -> None:
    """Not even by a forecast that ends there and not above."""
    ahead = steady()

    assert Reached(EXHAUSTED, Reason.SHARE) == by_share(BUDGET, p80(ahead), p80(ahead), ahead)


@pytest.mark.parametrize(("days", "expected"), [(27, RESPOND), (28, None), (29, None)])
def test_trust_takes_28_days(days: int, expected: Stage | None) -> None:
    """Complete days since the first spend."""
    ahead = steady(days)

    assert expected is stage(ahead, p80(ahead))


def test_days_before_the_first_spend_earn_no_trust() -> None:
    """A ledger that is older than the budget says nothing about it."""
    young = outlook(amounts(*[0] * 35, *[100] * 27), spent="60000")
    older = outlook(amounts(*[0] * 34, *[100] * 28), spent="60000")

    assert not overrules(young, BUDGET, p80(young))
    assert overrules(older, BUDGET, p80(older))


@pytest.mark.parametrize(("trust", "days", "expected"), [
    (14, 14, None),
    (14, 13, RESPOND),
    (42, 41, RESPOND),
    (42, 42, None),
    (None, 56, RESPOND),
])  # fmt: skip
def test_the_policy_says_how_long(trust: int | None, days: int, expected: Stage | None) -> None:
    """So many days instead of 28; off: never."""
    ahead = steady(days)

    assert expected is stage(ahead, p80(ahead), trust)


def test_who_spends_on_fewer_than_half_of_the_working_days_is_not_trusted() -> None:
    """Two days a week are no rhythm of a working week, three are."""
    two, three = (weeks(56, (*[100] * n, *[0] * (7 - n))) for n in (2, 3))

    assert INTERVENE is stage(outlook(two, spent=SPENT), p80(outlook(two, spent=SPENT)))
    assert None is stage(outlook(three, spent=SPENT), p80(outlook(three, spent=SPENT)))


def test_without_a_forecast_the_share_counts() -> None:
    """None was asked for, there is none, or its confidence is low."""
    low = replace(steady(), confidence=Confidence.LOW)

    assert RESPOND is stage(None, 24_000_000_000)
    assert RESPOND is stage(steady(2), 24_000_000_000)
    assert RESPOND is stage(low, 24_000_000_000)
    assert None is stage(steady(), 24_000_000_000)


@pytest.mark.parametrize("limit", ["40000", "25000", "21500"])
def test_each_of_the_three_stages_may_be_overruled(limit: str) -> None:
    """Half, 80 and 93 per cent of a limit that the team will not reach."""
    amount = int(limit) * 1_000_000

    assert None is stage(steady(), amount)
    assert stage(steady(), amount, None) is not None


def test_on_stale_figures_nothing_is_overruled() -> None:
    """What was foreseen from them may be wrong, so the share is shown as it is; nothing fires."""
    fresh = stands(steady(), Micros(24_000_000_000))
    stale = stands(steady(), Micros(24_000_000_000), stale=True)

    assert (None, True) == (fresh.stage, fresh.is_overruled)
    assert (RESPOND, False) == (stale.stage, stale.is_overruled)
    assert None is due_alert(stale, [])


def test_a_stage_by_time_is_shown_whatever_is_overruled() -> None:
    """What counts by time counts; a budget with a stage is not said to be overruled."""
    s = stands(steady(), Micros(24_000_000_000))
    timed = replace(s, timed=Reached(LOOK, Reason.FORECAST))

    assert (LOOK, False) == (timed.stage, timed.is_overruled)


def test_below_every_share_nothing_is_overruled() -> None:
    """There is nothing to overrule."""
    s = stands(steady(), Micros(80_000_000_000))

    assert (None, False) == (s.stage, s.is_overruled)


@st.composite
def rhythms(draw: st.DrawFn) -> Situation:
    """A team with a rhythm, more or less: some weekdays, for some weeks, and what it spent so far."""
    week = draw(st.lists(st.integers(0, 100), min_size=7, max_size=7))
    history = weeks(draw(st.integers(24, 62)), week)
    today, spent = Micros(draw(st.integers(0, 10**8))), Micros(draw(st.integers(10**9, 10**10)))
    return history, CALENDAR, today, spent, month(), at(draw(st.integers(0, 23)))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Situation, Thresholds, Micros, Forecast]:
    """Any situation or a likely one, a limit about where it matters, and thresholds."""
    situation = draw(st.one_of(rhythms(), situations()))
    history, calendar, today, spent, period, as_of = situation
    ahead = forecast(learn(history, calendar), today, spent, period, as_of)
    near = [m for m in (ahead.p80, ahead.p50, spent) if m is not None and m > 0]
    anywhere = st.integers(1, 10**15)
    around = st.sampled_from(near) if near else anywhere
    limit = max(1, draw(st.one_of(around, anywhere)) + draw(st.integers(-1, 1)))
    look, respond, intervene = draw(SHARES)
    trust = draw(st.sampled_from([28, 14, 62, None]))
    thresholds = Thresholds(look, respond, intervene, trust_forecast_after=trust)
    return situation, thresholds, Micros(limit), ahead


@given(cases())
def test_switched_off_a_share_counts_as_if_nothing_were_foreseen(
    case: tuple[Situation, Thresholds, Micros, Forecast],
) -> None:
    """The plain rule, whatever the forecast: spent × 100 against limit × per cent."""
    (_, _, _, spent, _, _), thresholds, limit, ahead = case
    plain = replace(BUDGET, thresholds=replace(thresholds, trust_forecast_after=None))
    reached = [s for s in Stage if 0 < spent and spent * 100 >= limit * thresholds.percent(s)]

    found = by_share(plain, spent, limit, ahead)
    assert max(reached, default=None) == (found.stage if found else None)
    assert found == of_share(plain, spent, limit)


@given(cases())
def test_exhausted_always_counts_and_nothing_is_invented(
    case: tuple[Situation, Thresholds, Micros, Forecast],
) -> None:
    """A forecast silences a share or leaves it as it is, and silences none that the limit is behind."""
    (_, _, _, spent, _, _), thresholds, limit, ahead = case
    budget = replace(BUDGET, thresholds=thresholds)
    found, plain = by_share(budget, spent, limit, ahead), of_share(budget, spent, limit)

    assert found in (None, plain)
    if spent >= limit:
        assert found == Reached(EXHAUSTED, Reason.SHARE)
    if found is None and plain is not None:
        assert ahead.p80 is not None
        assert ahead.p80 <= limit
        assert ahead.rhythm.days >= (thresholds.trust_forecast_after or 0) > 0


@given(cases())
def test_never_milder_than_the_time_that_is_left(
    case: tuple[Situation, Thresholds, Micros, Forecast],
) -> None:
    """Whatever is overruled, the rules of time say what they said."""
    (_, calendar, _, spent, _, as_of), thresholds, limit, ahead = case
    assume(calendar.working_days)  # a lead time of working days has to end
    budget = replace(BUDGET, thresholds=thresholds, limit=limit)
    timed = by_time(budget, limit, ahead, runway(ahead, limit), calendar, as_of)
    found = worst(by_share(budget, spent, limit, ahead), timed)

    assert timed is None or (found is not None and found.stage >= timed.stage)


def test_a_budget_that_is_overruled_waits_for_its_next_forecast() -> None:
    """Due in every tick it would cost each time; due at the next share, and in an hour, it is not lost."""
    s = stands(steady(), Micros(24_000_000_000))
    found = watch(s, [], Mode.ALLOW, [])

    assert Micros(22_800_000_000) == found.next_at  # 95 %
    assert s.at < found.check_at <= s.at + HOUR + 10 * HOUR / 60
    stale = watch(replace(s, freshness=STALE), [], Mode.ALLOW, [])
    assert found == stale


def test_the_limit_is_waited_for_even_so() -> None:
    """Exhausted on stale figures it stays due until it can be told."""
    limit = p80(steady())
    s = replace(stands(steady(), limit, stale=True), spent=limit)

    assert limit == watch(s, [INTERVENE], Mode.BLOCK, []).next_at


def test_half_of_the_limit_is_no_hurry() -> None:
    """A look that is overruled is looked at with the forecast, every six hours, and at 80 %."""
    s = stands(steady(), Micros(36_000_000_000))
    found = watch(s, [], Mode.ALLOW, [])

    assert Micros(28_800_000_000) == found.next_at
    assert s.at + 6 * HOUR <= found.check_at


def test_a_stage_that_was_told_is_not_waited_for() -> None:
    """What an earlier forecast made an alert of is over; nothing rests on the present one."""
    s = stands(steady(), Micros(24_000_000_000))

    told = watch(s, [RESPOND], Mode.ALLOW, [])
    assert Micros(22_800_000_000) == told.next_at
    assert s.at + 6 * HOUR <= told.check_at
    assert Micros(24_000_000_000) == watch(s, [INTERVENE], Mode.ALLOW, []).next_at


@given(cases(), st.frozensets(st.sampled_from(list(Stage))))
def test_nobody_is_due_again_for_the_spend_that_was_just_looked_at(
    case: tuple[Situation, Thresholds, Micros, Forecast], sent: frozenset[Stage]
) -> None:
    """Once what is due was told, `next_at` is more than is spent, whatever was overruled."""
    (_, _, _, _, _, as_of), thresholds, limit, ahead = case
    budget = replace(BUDGET, thresholds=thresholds, limit=limit)
    s = standing(ahead.spent, budget=budget, now=as_of)
    s = replace(s, outlook=Outlook(ahead, runway(ahead, limit)))
    alert = due_alert(s, sent)
    sent |= {alert.stage} if alert else set()
    held = Mode.BLOCK if s.spent >= limit else Mode.ALLOW
    found = watch(s, sent, held, [])

    assert found.next_at is None or found.next_at > s.spent
    assert found.check_at > s.at


def test_the_office_week_is_what_these_tests_think() -> None:
    """$100 on working days, and a Monday in the middle of November."""
    assert ((100, 100, 100, 100, 100, 0, 0), 0) == (OFFICE, TODAY.weekday())
    assert steady().p50 == Micros(21_100_000_000)
