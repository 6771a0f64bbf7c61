"""When a budget is looked at again: never too late, and not for nothing."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.alerts import due_alert
from bot.domain.budgets import AtLimit, BudgetId, Stage, Thresholds
from bot.domain.limits import RESPONSE, Mode, TemporaryRaise, mode_for
from bot.domain.money import Micros
from bot.domain.outlook import look_again_at
from bot.domain.standings import Standing, evaluate
from bot.domain.watch import Watch, watch
from tests.domain.values import (
    BUDGET,
    DAY,
    FRESH,
    HOUR,
    NOW,
    PERIOD,
    STALE,
    UNLIMITED,
    raised,
    standing,
)

LOOK, RESPOND, INTERVENE, EXHAUSTED = Stage
THRESHOLDS = st.lists(st.integers(1, 99), min_size=3, max_size=3).map(
    lambda shares: replace(
        Thresholds(), look=min(shares), respond=sorted(shares)[1], intervene=max(shares)
    )
)
LIMITS = st.one_of(st.integers(1, 250), st.integers(10**6, 10**15))
SENT = st.frozensets(st.sampled_from(list(Stage)))
RAISES = st.lists(
    st.builds(
        lambda begins, lasts, extra, number: TemporaryRaise(
            BUDGET.id,
            number,
            Micros(extra),
            NOW + begins * HOUR,
            NOW + (begins + lasts) * HOUR,
            "U0",
        ),
        st.integers(-40, 200),
        st.integers(1, 300),
        st.integers(1, 200),
        st.integers(1, 9),
    ),
    max_size=3,
)


@st.composite
def looks(draw: st.DrawFn) -> tuple[Standing, frozenset[Stage], Mode, list[TemporaryRaise]]:
    """A budget that was just looked at: what was due was told and is held."""
    at_limit = draw(st.sampled_from(AtLimit))
    budget = replace(
        BUDGET,
        limit=Micros(draw(LIMITS)),
        thresholds=draw(THRESHOLDS),
        at_limit=at_limit,
    )
    raises = [r for r in draw(RAISES) if r.ends_at > NOW]
    limit = int(standing("0", *raises, budget=budget).limit or 0)
    s = standing(Micros(draw(st.integers(-5, 2 * limit))), *raises, budget=budget)
    sent = draw(SENT)
    alert = due_alert(s, sent)
    if alert is not None:
        sent |= {alert.stage}
    return s, sent, mode_for(at_limit, s.spent, Micros(limit)), raises


def later(s: Standing, spent: int, raises: Collection[TemporaryRaise], hours: int) -> Standing:
    """The same budget with another spend, some hours on."""
    assert s.allocation is not None
    return evaluate(
        budget=s.budget,
        period=s.period,
        allocation=s.allocation,
        raises=list(raises),
        spent=Micros(spent),
        recent=Micros(0),
        recent_span=DAY,
        freshness=FRESH,
        now=s.at + hours * HOUR,
    )


def mode_of(s: Standing) -> Mode:
    """What the target should hold."""
    assert s.limit is not None
    return mode_for(s.budget.at_limit, s.spent, s.limit)


@given(looks(), st.data())
def test_nothing_is_due_within_the_bounds(
    look: tuple[Standing, frozenset[Stage], Mode, list[TemporaryRaise]], data: st.DataObject
) -> None:
    """Whatever is spent between them, and until the clock comes to `check_at`."""
    s, sent, held, raises = look
    bounds = watch(s, sent, held, raises)
    least = bounds.back_at if bounds.back_at is not None else -(10**6)
    most = bounds.next_at - 1 if bounds.next_at is not None else 3 * int(s.limit or 0) + 10
    assume(least <= most)
    spent = data.draw(st.one_of(st.integers(least, most), st.sampled_from([least, most])))
    hours = data.draw(st.integers(0, 400))
    then = later(s, spent, raises, hours)
    assume(then.at < bounds.check_at)

    assert None is due_alert(then, sent)
    assert (s.limit, held) == (then.limit, mode_of(then))
    assert s.at < bounds.check_at <= s.period.ends_at


@given(looks())
def test_a_bound_that_is_crossed_changes_something(
    look: tuple[Standing, frozenset[Stage], Mode, list[TemporaryRaise]],
) -> None:
    """An alert or another mode, at exactly that micro-dollar: nobody is looked at for nothing."""
    s, sent, held, raises = look
    bounds = watch(s, sent, held, raises)

    if bounds.next_at is not None:
        at_it = later(s, bounds.next_at, raises, 0)
        assert due_alert(at_it, sent) is not None or held is not mode_of(at_it)
    if bounds.back_at is not None:
        assert held is not mode_of(later(s, bounds.back_at - 1, raises, 0))


@given(looks(), SENT)
def test_the_clock_is_waited_for_where_a_raise_or_the_period_begins_or_ends(
    look: tuple[Standing, frozenset[Stage], Mode, list[TemporaryRaise]], sent: frozenset[Stage]
) -> None:
    """At the first such moment, and at no other."""
    s, _, held, raises = look
    check_at = watch(s, sent, held, raises).check_at
    moments = [m for r in raises for m in (r.starts_at, r.ends_at) if m > s.at]

    again = look_again_at(s.budget.id, s.outlook, s.limit, s.at)
    assert min([*moments, s.period.ends_at, again]) == check_at


@pytest.mark.parametrize("at_limit", AtLimit)
@pytest.mark.parametrize("held", Mode)
@pytest.mark.parametrize("spent", ["20", "100"])
def test_a_mode_that_is_not_the_one_to_hold_stays_due(
    at_limit: AtLimit, held: Mode, spent: str
) -> None:
    """Stale figures have kept it; whoever sees again does not wait for the next dollar."""
    s = standing(spent, budget=replace(BUDGET, at_limit=at_limit), freshness=STALE)
    found = watch(s, list(Stage), held, [])

    next_at, back_at = found.next_at or 10**18, found.back_at or 0
    is_due = s.spent >= next_at or s.spent < back_at or found.check_at <= s.at
    assert (held is not mode_of(s)) == is_due
    assert RESPONSE[at_limit] is not Mode.ALLOW or found.back_at is None


def test_what_could_not_be_told_stays_due() -> None:
    """A stage that is reached on stale figures is at or above `next_at` until it is sent."""
    s = standing("85", freshness=STALE)
    found = watch(s, [LOOK], Mode.ALLOW, [])

    assert Micros(80_000_000) == found.next_at
    assert Micros(95_000_000) == watch(s, [LOOK, RESPOND], Mode.ALLOW, []).next_at


def test_a_budget_without_a_limit_waits_for_its_period() -> None:
    """Nothing it spends is due for anything."""
    s = standing("5000", budget=UNLIMITED)

    assert Watch(None, None, PERIOD.ends_at) == watch(s, [], None, [])


def test_a_raise_that_begins_later_is_waited_for() -> None:
    """So is the end of one that is live."""
    coming = raised("50", NOW + HOUR, NOW + 3 * DAY)
    live = raised("10", NOW - DAY, NOW + 2 * HOUR, request=2)
    s = standing("40", coming, live)

    assert NOW + HOUR == watch(s, [], Mode.ALLOW, [coming, live]).check_at
    assert NOW + 2 * HOUR == watch(s, [], Mode.ALLOW, [live]).check_at


def test_a_forecast_is_looked_at_every_hour_where_the_limit_is_near() -> None:
    """Where it is out of reach, or nothing is known, every six; not all in the same minute."""
    s = standing("40")
    far = watch(s, [], Mode.ALLOW, []).check_at
    other = replace(s, budget=replace(BUDGET, id=BudgetId("growth")))

    assert NOW + 6 * HOUR <= far < NOW + 6 * HOUR + timedelta(minutes=10)
    assert far != watch(other, [], Mode.ALLOW, []).check_at
