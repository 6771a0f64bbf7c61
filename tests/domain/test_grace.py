"""Grace: how long it is, what it puts off, and what the owner can make of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import Alert, figures_of
from bot.domain.budgets import AtLimit, Stage
from bot.domain.grace import Grace, Word, begin, end_now, hold_off, within
from bot.domain.limits import Allocation, Cause, LimitState, Mode, desired
from bot.domain.money import micros
from bot.domain.spans import Span, WorkCalendar
from bot.domain.stages import Reason
from bot.domain.watch import watch
from bot.effects.limits import unless_blind
from tests.domain.values import BUDGET, DAY, HOUR, NEW_YORK, NOW, PERIOD, policy, raised, standing

TWO_HOURS = replace(BUDGET, grace=Span(2 * HOUR))
CALENDAR = WorkCalendar(NEW_YORK)
ENDS = NOW + 2 * HOUR
GRACE = Grace(NOW, ENDS)


def reached(at_limit: AtLimit = AtLimit.BLOCK, *, exception: bool = False) -> LimitState:
    """The state at a limit that is spent."""
    more = [raised("30")] if exception else []
    spent = micros("130")
    return desired(Allocation(BUDGET.id, micros("100"), 1), more, PERIOD, spent, at_limit, NOW)


@pytest.mark.parametrize("at_limit", [AtLimit.THROTTLE, AtLimit.BLOCK])
def test_it_is_as_long_as_the_policy_says(at_limit: AtLimit) -> None:
    """In hours, or in working days of the team."""
    days = replace(BUDGET, grace=Span(working_days=1), at_limit=at_limit)
    friday = NOW + 4 * DAY

    assert GRACE == begin(replace(TWO_HOURS, at_limit=at_limit), CALENDAR, NOW)
    assert Grace(friday, friday + 3 * DAY) == begin(days, CALENDAR, friday)


def test_there_is_none_where_nothing_would_be_put_off() -> None:
    """Without the key the response comes at once, and `notify` has no response."""
    assert None is begin(BUDGET, CALENDAR, NOW)
    assert None is begin(replace(TWO_HOURS, at_limit=AtLimit.NOTIFY), CALENDAR, NOW)


def test_while_it_runs_usage_is_let_through() -> None:
    """Up to its end, and not at it; the reason is the limit's own, not that it is reached."""
    state = within(reached(), GRACE, ENDS - NOW.resolution)

    assert (Mode.ALLOW, ENDS, Cause.ALLOCATION) == (state.mode, state.grace_until, state.cause)
    assert reached() == within(reached(), GRACE, ENDS)
    assert Cause.EXCEPTION is within(reached(exception=True), GRACE, NOW).cause


def test_nobody_is_cut_off_who_was_not_told() -> None:
    """Before the alert is written there is no grace yet, and no response either."""
    state = within(reached(), None, NOW)

    assert (Mode.ALLOW, None) == (state.mode, state.grace_until)


def test_it_is_held_off_by_its_own_length() -> None:
    """From its end, not from the click, which may come early."""
    held = hold_off(GRACE, TWO_HOURS, CALENDAR, "U0DANA", NOW + HOUR)

    assert Grace(NOW, ENDS + 2 * HOUR, Word.HOLD, "U0DANA", NOW + HOUR) == held


def test_it_ends_when_the_owner_does_not_want_to_wait() -> None:
    """From that moment on it does not run."""
    ended = end_now(GRACE, "U0DANA", NOW + HOUR)

    assert not ended.is_running(NOW + HOUR)
    assert Mode.BLOCK is within(reached(), ended, NOW + HOUR).mode


def test_on_stale_figures_its_end_changes_nothing() -> None:
    """What is held is held on, to the letter, so no version is sent."""
    held = within(reached(), GRACE, NOW)

    assert held == unless_blind(within(reached(), GRACE, ENDS), held)


def test_another_limit_has_no_part_in_it() -> None:
    """On stale figures the mode is kept, the promise of another limit is not."""
    held = within(reached(exception=True), GRACE, NOW)
    lower = unless_blind(reached(), held)

    assert (Mode.ALLOW, None) == (lower.mode, lower.grace_until)


def test_what_is_held_closed_stays_closed_on_stale_figures() -> None:
    """A grace that would begin anew is no reason to open."""
    kept = unless_blind(within(reached(), GRACE, NOW), reached())

    assert (Mode.BLOCK, None) == (kept.mode, kept.grace_until)


def test_only_the_alert_at_the_limit_carries_it() -> None:
    """Milder ones say how long it will be."""
    s = standing("104", budget=TWO_HOURS)
    at_limit = figures_of(Alert(s, Stage.EXHAUSTED, Reason.SHARE), policy(TWO_HOURS), NOW)
    before = figures_of(Alert(s, Stage.INTERVENE, Reason.SHARE), policy(TWO_HOURS), NOW)

    assert (GRACE, "2h") == (at_limit.grace, at_limit.grace_span)
    assert (None, "2h") == (before.grace, before.grace_span)


@given(st.integers(1, 400))
def test_a_budget_in_its_grace_waits_for_its_end(hours: int) -> None:
    """Nothing is due before, unless spend falls below the limit or something else comes first."""
    s = standing("104", budget=TWO_HOURS)
    ends = NOW + hours * HOUR
    usual = watch(s, frozenset(Stage), Mode.BLOCK, [])
    waits = watch(s, frozenset(Stage), Mode.ALLOW, [], grace_until=ends)

    assert min(ends, usual.check_at) == waits.check_at
    assert (None, s.limit) == (waits.next_at, waits.back_at)


@pytest.mark.parametrize("late", [timedelta(), HOUR])
def test_a_grace_that_is_over_keeps_its_budget_due(late: timedelta) -> None:
    """Until the figures are fresh and the response holds."""
    s = standing("104", budget=TWO_HOURS)

    assert NOW == watch(s, frozenset(Stage), Mode.ALLOW, [], grace_until=NOW - late).check_at
