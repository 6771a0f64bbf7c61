"""Limit states: a version for each change, none without one, and what the target has followed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot.domain.budgets import BudgetId
from bot.domain.limits import Cause, Fallback, LimitState, Mode
from bot.domain.money import micros
from bot.domain.periods import Cadence, period_at
from store import limits
from store.db import Database
from store.limits import HeldState
from tests.domain.values import DAY, HOUR, NOW, PERIOD

SEARCH = BudgetId("search")
ALLOWED = LimitState(
    budget=SEARCH,
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
RAISED = replace(
    ALLOWED,
    limit=micros("150.000001"),
    until=NOW + DAY,
    then=Fallback(Mode.BLOCK, micros("100")),
    cause=Cause.EXCEPTION,
    request=42,
    approved_by="U0FIN",
)
BLOCKED = replace(ALLOWED, mode=Mode.BLOCK, cause=Cause.AT_LIMIT)


def change(db: Database, state: LimitState) -> int | None:
    """Hold a state, in a transaction of its own."""
    with db.transaction() as tx:
        return limits.change(tx, state, NOW)


def held(db: Database, budget: BudgetId = SEARCH) -> HeldState | None:
    """What is held now."""
    with db.transaction() as tx:
        return limits.load(tx, budget)


def version(db: Database) -> int:
    """The version that is held now."""
    found = held(db)
    assert found is not None
    return found.version


def test_versions_rise_by_one_for_each_change(db: Database) -> None:
    """Back to a state of before is a change as well: the target has to hear of it."""
    states = [ALLOWED, RAISED, ALLOWED, BLOCKED, RAISED]

    assert [1, 2, 3, 4, 5] == [change(db, state) for state in states]


def test_the_same_state_is_no_change(db: Database) -> None:
    """A tick every minute does not make a version every minute."""
    assert [1, None, None] == [change(db, ALLOWED) for _ in range(3)]
    assert [2, None] == [change(db, RAISED) for _ in range(2)]
    assert 2 == version(db)


@pytest.mark.parametrize(
    "changed",
    [
        replace(RAISED, mode=Mode.THROTTLE),
        replace(RAISED, limit=micros("150.000002")),
        replace(RAISED, allocation=micros("101")),
        replace(RAISED, until=NOW + DAY + HOUR),
        replace(RAISED, then=Fallback(Mode.BLOCK, micros("101"))),
        replace(RAISED, then=None, until=None),
        replace(RAISED, cause=Cause.AT_LIMIT),
        replace(RAISED, request=43),
        replace(RAISED, approved_by="U0KIM"),
        replace(RAISED, period=period_at(NOW, Cadence.DAY, ZoneInfo("UTC"))),
    ],
)
def test_every_part_of_a_state_counts(db: Database, changed: LimitState) -> None:
    """Whatever the target is told, a change of it is told."""
    assert 1 == change(db, RAISED)
    assert 2 == change(db, changed)


def test_a_state_is_read_as_it_was_written(db: Database) -> None:
    """Amounts to the micro-dollar and moments to the second, on both databases."""
    change(db, ALLOWED)
    change(db, RAISED)

    assert HeldState(RAISED, 2, NOW, 0, None, 0) == held(db)
    assert None is held(db, BudgetId("growth"))


def test_each_budget_has_its_own_versions(db: Database) -> None:
    """A change of one budget is none of another."""
    growth = replace(ALLOWED, budget=BudgetId("growth"))
    change(db, ALLOWED)
    change(db, RAISED)

    assert 1 == change(db, growth)
    with db.transaction() as tx:
        versions = {budget: state.version for budget, state in limits.load_all(tx).items()}
    assert {"growth": 1, "search": 2} == versions


def follow(db: Database, confirmed: int, accepted: int = 0) -> tuple[bool, int, int]:
    """What the targets have said together; what is remembered of it."""
    with db.transaction() as tx:
        found = limits.follow(tx, SEARCH, confirmed, accepted, NOW + HOUR)
    assert found is not None
    return found.confirmed, found.confirmed_version, found.accepted_version


def test_what_all_targets_confirmed_is_remembered(db: Database) -> None:
    """Up to the newest version: one that we never sent confirms nothing."""
    change(db, ALLOWED)
    change(db, RAISED)

    assert (False, 1, 1) == follow(db, 1)
    assert (True, 2, 2) == follow(db, 3)
    assert HeldState(RAISED, 2, NOW, 2, NOW + HOUR, 2) == held(db)


def test_a_change_after_a_confirmation_is_unconfirmed(db: Database) -> None:
    """Nothing shows a tick for what the targets have not heard of."""
    change(db, ALLOWED)
    follow(db, 1)
    with db.transaction() as tx:
        assert {} == limits.unconfirmed(tx)
    change(db, RAISED)

    found = held(db)
    assert found is not None
    assert (False, 1, 2) == (found.confirmed, found.confirmed_version, found.version)
    with db.transaction() as tx:
        assert {SEARCH: found} == limits.unconfirmed(tx)


def test_accepted_is_not_confirmed(db: Database) -> None:
    """A target that only takes the message is remembered as that."""
    change(db, ALLOWED)

    assert (False, 0, 1) == follow(db, 0, 1)


def test_what_is_confirmed_falls_with_a_target_that_does_not_hold_it(db: Database) -> None:
    """One that was added, or holds somebody else's value: not everything holds the limit."""
    change(db, ALLOWED)
    assert (True, 1, 1) == follow(db, 1)

    assert (False, 0, 0) == follow(db, 0)
    found = held(db)
    assert found is not None
    assert None is found.confirmed_at
    with db.transaction() as tx:
        assert None is limits.follow(tx, BudgetId("growth"), 1, 1, NOW)


def overtake(db: Database, newer: int) -> int | None:
    """The target said that it holds that version."""
    with db.transaction() as tx:
        return limits.overtake(tx, SEARCH, newer, NOW)


def test_a_newer_version_at_the_target_is_overtaken(db: Database) -> None:
    """After an old backup ours has to be the newest again, with the state we want."""
    change(db, RAISED)

    assert 42 == overtake(db, 41)
    found = held(db)
    assert found is not None
    assert (RAISED, 42, False) == (found.state, found.version, found.confirmed)
    assert None is overtake(db, 41)
    assert None is overtake(db, 5)
    assert 43 == change(db, ALLOWED)


def test_there_is_nothing_to_overtake_without_a_state(db: Database) -> None:
    """A target that knows a budget we do not is no reason to invent a limit."""
    assert None is overtake(db, 7)


def test_changes_at_once_get_a_version_each(db: Database) -> None:
    """Eight writers, each with another limit: no version is given twice and none is left out."""
    states = [replace(ALLOWED, limit=micros(100 + n)) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda state: change(db, state), states))

    assert list(range(1, 9)) == sorted(v for v in given if v is not None)
    assert 8 == version(db)
    newest = held(db)
    assert newest is not None
    assert states[given.index(8)] == newest.state
