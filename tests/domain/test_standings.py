"""Standings: exact at the threshold, honest about runway, sound for any size."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.budgets import BudgetId, Stage, Thresholds
from bot.domain.money import Micros, micros
from bot.domain.standings import binding, evaluate
from tests.domain.values import (
    BUDGET,
    DAY,
    FRESH,
    HOUR,
    NOW,
    PERIOD,
    UNLIMITED,
    raised,
    standing,
)

LOOK, RESPOND, INTERVENE, EXHAUSTED = Stage
LIMITS = st.integers(1, 10**15)


@pytest.mark.parametrize(
    ("spent", "stage"),
    [
        ("0", None),
        ("49.999999", None),
        ("50", LOOK),
        ("79.999999", LOOK),
        ("80", RESPOND),
        ("94.999999", RESPOND),
        ("95", INTERVENE),
        ("99.999999", INTERVENE),
        ("100", EXHAUSTED),
        ("250", EXHAUSTED),
        ("-3", None),
    ],
)
def test_a_threshold_is_exact_to_the_micro_dollar(spent: str, stage: Stage | None) -> None:
    """One micro-dollar below a threshold is below it."""
    assert stage == standing(spent).stage


@given(LIMITS, st.integers(1, 98), st.data())
def test_a_stage_is_reached_exactly_at_its_share(
    limit: int, share: int, data: st.DataObject
) -> None:
    """In whole numbers: no rounding moves the border, whatever the limit."""
    budget = replace(BUDGET, limit=Micros(limit), thresholds=Thresholds(share, share + 1, 99))
    border = -(-limit * share // 100)  # the least spend that is that share
    spent = data.draw(st.integers(0, border * 2))
    reached = standing(Micros(spent), budget=budget).stage

    assert (spent >= border) == (reached is not None)


def test_the_worst_of_equal_thresholds_counts() -> None:
    """Where two stages share a threshold, the one that asks for more is reached."""
    budget = replace(BUDGET, thresholds=Thresholds(80, 80, 95))

    assert RESPOND == standing("80", budget=budget).stage


def test_nothing_spent_is_no_stage() -> None:
    """A budget that nobody uses is quiet, even with a limit of next to nothing."""
    assert None is standing("0", budget=replace(BUDGET, limit=Micros(1))).stage


def test_a_budget_without_a_limit_has_no_stage_and_no_headroom() -> None:
    """What is unattributed is shown, and never measured against a limit it does not have."""
    rest = standing("5000", budget=UNLIMITED, daily="100")

    assert (None, None, None, 0) == (rest.stage, rest.headroom, rest.runs_out_at, rest.percent)


def test_a_raise_counts_while_it_is_live() -> None:
    """The share is one of the effective limit: allocation and live exceptions."""
    over = raised("100", NOW - 2 * DAY, NOW)
    s = standing("90", raised("50"), over)

    assert (micros("150"), 60, LOOK) == (s.limit, s.percent, s.stage)
    assert (raised("50"),) == s.raises
    assert micros("60") == s.headroom


@pytest.mark.parametrize(
    ("spent", "daily", "runs_out"),
    [
        ("40", "10", NOW + 6 * DAY),
        ("40", "60", NOW + DAY),
        ("100", "0", NOW),  # reached: now, whatever is spent at the moment
        ("130", "5", NOW),
        ("40", "0", None),
        ("40", "-1", None),
        ("40", "1", None),  # not before the end of the period
    ],
)
def test_runway_ends_where_the_limit_is_reached(spent: str, daily: str, runs_out: object) -> None:
    """At the rate of the last days; a budget that outlasts its period never runs out."""
    assert runs_out == standing(spent, daily=daily).runs_out_at


def test_a_budget_that_lasts_exactly_to_the_end_does_not_run_out() -> None:
    """The last second of the period is within it, the end is not."""
    left = PERIOD.ends_at - NOW
    seconds = left // timedelta(seconds=1)
    rate = 24 * 3600 * 10**6
    whole = replace(standing("0"), limit=Micros(seconds * 10**6), daily_rate=Micros(rate))
    short = replace(whole, limit=Micros((seconds - 1) * 10**6))

    assert None is whole.runs_out_at
    assert PERIOD.ends_at - timedelta(seconds=1) == short.runs_out_at


@given(LIMITS, st.integers(0, 10**15), st.integers(0, 10**15))
def test_figures_of_any_size_are_arithmetic(limit: int, spent: int, daily: int) -> None:
    """A billion dollars or a micro-dollar a day: no overflow, and never a moment in the past."""
    budget = replace(BUDGET, limit=Micros(limit))
    s = evaluate(
        budget=budget,
        period=PERIOD,
        allocation=standing("0", budget=budget).allocation,
        raises=(),
        spent=Micros(spent),
        recent=Micros(daily),
        recent_span=DAY,
        freshness=FRESH,
        now=NOW,
    )

    assert s.runs_out_at is None or NOW <= s.runs_out_at < PERIOD.ends_at
    assert (spent >= limit) == (s.stage is EXHAUSTED)
    assert spent + (s.headroom or 0) == limit


@pytest.mark.parametrize(
    ("span", "daily"),
    [(7 * DAY, "10"), (DAY, "70"), (10 * DAY, "7")],
)
def test_the_rate_is_one_of_a_day(span: timedelta, daily: str) -> None:
    """$70 in a week are $10 a day."""
    s = evaluate(BUDGET, PERIOD, None, (), Micros(0), micros("70"), span, FRESH, NOW)

    assert micros(daily) == s.daily_rate


@pytest.mark.parametrize("span", [timedelta(), timedelta(seconds=1), HOUR, 23 * HOUR])
def test_a_history_of_hours_is_no_rate_to_plan_with(span: timedelta) -> None:
    """An hour's burst counts as the whole day it belongs to, and nothing divides by zero."""
    s = evaluate(BUDGET, PERIOD, None, (), Micros(0), micros("70"), span, FRESH, NOW)

    assert micros("70") == s.daily_rate


def test_the_lowest_headroom_on_the_path_binds() -> None:
    """A squad with money left is stopped by a product line without."""
    parent = replace(BUDGET, id=BudgetId("platform"), limit=micros(1000))
    squad, rest = standing("40"), standing("0", budget=UNLIMITED)
    roomy, tight = standing("500", budget=parent), standing("970", budget=parent)

    assert squad is binding([squad, roomy])
    assert tight is binding([squad, tight])
    assert squad is binding([rest, squad])
    assert None is binding([rest])
    assert None is binding([])


def test_of_equal_headroom_the_nearest_binds() -> None:
    """Whoever asks is told about their own budget first."""
    parent = replace(BUDGET, id=BudgetId("platform"))
    own, above = standing("60"), standing("60", budget=parent)

    assert own is binding([own, above])


def test_overspent_is_less_than_nothing_left() -> None:
    """A parent $50 over binds before a child at exactly its limit."""
    parent = replace(BUDGET, id=BudgetId("platform"))
    own, above = standing("100"), standing("150", budget=parent)

    assert micros("-50") == above.headroom
    assert above is binding([own, above])
