"""Limits: what is live counts, what is over does not, and the target is told until when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.budgets import AtLimit
from bot.domain.limits import (
    Allocation,
    Cause,
    Fallback,
    LimitState,
    Mode,
    RaiseState,
    TemporaryRaise,
    active,
    desired,
    effective_limit,
    mode_for,
)
from bot.domain.money import Micros, micros
from tests.domain.values import BUDGET, DAY, HOUR, NOW, PERIOD, raised

ALLOCATION = Allocation(BUDGET.id, micros("100"), 1)
TODAY = raised("50", NOW - HOUR, NOW + HOUR, request=2)
WEEK = raised("30", NOW - DAY, NOW + 7 * DAY, request=1)
NEXT = raised("20", NOW + HOUR, NOW + 2 * DAY, request=3)
PAST = raised("70", NOW - 2 * DAY, NOW, request=4)


def state(
    *raises: TemporaryRaise, spent: str = "0", at_limit: AtLimit = AtLimit.BLOCK
) -> LimitState:
    """What should be true at NOW."""
    return desired(ALLOCATION, raises, PERIOD, micros(spent), at_limit, NOW)


def test_a_raise_is_active_from_its_start_up_to_its_end() -> None:
    """The state follows from the time alone; the end itself is no longer part of the term."""
    almost = NOW.resolution

    assert RaiseState.PENDING is TODAY.state(TODAY.starts_at - almost)
    assert RaiseState.ACTIVE is TODAY.state(TODAY.starts_at)
    assert RaiseState.ACTIVE is TODAY.state(TODAY.ends_at - almost)
    assert RaiseState.ENDED is TODAY.state(TODAY.ends_at)


@pytest.mark.parametrize("ends_at", [NOW, NOW - HOUR])
def test_a_raise_ends_after_it_starts(ends_at: object) -> None:
    """A term of nothing cannot be built."""
    with pytest.raises(ValueError, match="end after it starts"):
        raised("1", NOW, ends_at)  # type: ignore[arg-type]


def test_overlapping_raises_add_up() -> None:
    """Each counts for its own term: no end puts back a value the other has changed."""
    raises = [WEEK, NEXT, TODAY, PAST]

    assert [TODAY, WEEK] == active(raises, NOW)
    assert micros("180") == effective_limit(ALLOCATION, raises, NOW)
    assert micros("150") == effective_limit(ALLOCATION, raises, NOW + HOUR)
    assert micros("130") == effective_limit(ALLOCATION, raises, NOW + 2 * DAY)
    assert micros("100") == effective_limit(ALLOCATION, raises, NOW + 7 * DAY)
    assert micros("170") == effective_limit(ALLOCATION, raises, NOW - 2 * DAY)


TERMS = st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 40), st.integers(1, 40)))


@given(TERMS, st.integers(0, 90))
def test_a_limit_is_the_allocation_and_what_is_live(
    terms: list[tuple[int, int, int]], hour: int
) -> None:
    """In any order, at any moment, and never below the allocation."""
    raises = [
        TemporaryRaise(BUDGET.id, i, Micros(m), NOW + a * HOUR, NOW + (a + n) * HOUR, "U0FIN")
        for i, (m, a, n) in enumerate(terms)
    ]
    limit = effective_limit(ALLOCATION, raises, NOW + hour * HOUR)

    assert ALLOCATION.limit + sum(m for m, a, n in terms if a <= hour < a + n) == limit
    assert limit == effective_limit(ALLOCATION, raises[::-1], NOW + hour * HOUR)


@pytest.mark.parametrize(
    ("at_limit", "mode"),
    [
        (AtLimit.NOTIFY, Mode.ALLOW),
        (AtLimit.THROTTLE, Mode.THROTTLE),
        (AtLimit.BLOCK, Mode.BLOCK),
    ],
)
def test_the_prepared_response_holds_at_the_limit(at_limit: AtLimit, mode: Mode) -> None:
    """Below it everybody is let through; `notify` cuts nobody off at any time."""
    assert Mode.ALLOW is mode_for(at_limit, micros("99.999999"), micros("100"))
    assert mode is mode_for(at_limit, micros("100"), micros("100"))
    assert mode is mode_for(at_limit, micros("101"), micros("100"))


def test_without_a_raise_the_allocation_holds_for_good() -> None:
    """There is no end, so there is nothing to fall back to."""
    assert (
        LimitState(
            budget=BUDGET.id,
            mode=Mode.ALLOW,
            limit=micros("100"),
            allocation=micros("100"),
            period=PERIOD,
            until=None,
            then=None,
            cause=Cause.ALLOCATION,
            request=None,
            approved_by=None,
        )
        == state()
    )


def test_a_raise_says_until_when_and_what_then() -> None:
    """The target can fall back by itself when the bot is dead."""
    s = state(WEEK)

    assert (micros("130"), micros("100")) == (s.limit, s.allocation)
    assert (WEEK.ends_at, Fallback(Mode.BLOCK, micros("100"))) == (s.until, s.then)
    assert (Cause.EXCEPTION, 1, "U0FIN") == (s.cause, s.request, s.approved_by)


def test_of_overlapping_raises_the_first_end_counts() -> None:
    """What holds then is the rest of them; the reason is the newest request."""
    s = state(WEEK, TODAY, PAST)

    assert micros("180") == s.limit
    assert (TODAY.ends_at, Fallback(Mode.BLOCK, micros("130"))) == (s.until, s.then)
    assert 2 == s.request


def test_a_raise_that_begins_when_another_ends_is_part_of_the_fallback() -> None:
    """Half-open terms that touch leave no gap in between."""
    s = state(TODAY, NEXT)

    assert (micros("150"), micros("120")) == (s.limit, s.then and s.then.limit)


def test_a_limit_that_is_reached_says_so_even_under_a_raise() -> None:
    """The cause is the limit, and the exception stays named: it is why the limit is where it is."""
    s = state(WEEK, spent="130")

    assert (Mode.BLOCK, Cause.AT_LIMIT, 1) == (s.mode, s.cause, s.request)


def test_a_raise_opens_what_was_closed() -> None:
    """Spent beyond the allocation and below the effective limit is let through."""
    assert Mode.BLOCK is state(spent="110").mode
    assert Mode.ALLOW is state(WEEK, spent="110").mode


@pytest.mark.parametrize("spent", ["0", "100", "500"])
def test_notify_never_cuts_anybody_off(spent: str) -> None:
    """Neither now nor at the end of an exception."""
    s = state(WEEK, spent=spent, at_limit=AtLimit.NOTIFY)

    assert (Mode.ALLOW, Mode.ALLOW) == (s.mode, s.then and s.then.mode)
