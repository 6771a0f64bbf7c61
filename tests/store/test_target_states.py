"""Target states: what each target has confirmed and holds, what is ours, and since when it fails."""

from datetime import datetime

import pytest

from bot.domain.budgets import BudgetId
from store import target_states
from store.db import Database
from store.target_states import KEPT, Held, TargetState
from tests.domain.values import HOUR, NOW

SEARCH, GROWTH = BudgetId("search"), BudgetId("growth")
LITELLM, MLFLOW = "litellm", "mlflow"
LATER = NOW + HOUR


def state(db: Database, budget: BudgetId = SEARCH, target: str = LITELLM) -> TargetState:
    """What is remembered now."""
    with db.transaction() as tx:
        return target_states.load(tx, budget, target)


def confirm(
    db: Database,
    version: int,
    held: Held,
    *,
    budget: BudgetId = SEARCH,
    target: str = LITELLM,
    note: str = "",
    now: datetime = NOW,
) -> bool:
    """The target says that it holds a version."""
    with db.transaction() as tx:
        return target_states.confirm(tx, budget, target, version, held, note, now)


def edit(db: Database, held: Held, now: datetime = NOW) -> bool:
    """The target holds what somebody else wrote."""
    with db.transaction() as tx:
        return target_states.edit(tx, SEARCH, LITELLM, held, f"{held} stands there", now)


def fail(
    db: Database, budget: BudgetId = SEARCH, target: str = LITELLM, now: datetime = NOW
) -> None:
    """The target does not answer."""
    with db.transaction() as tx:
        target_states.fail(tx, budget, target, "no connection", now)


def failing(db: Database) -> dict[str, datetime]:
    """Since when each target fails."""
    with db.transaction() as tx:
        return target_states.failing(tx)


def test_what_never_answered_holds_nothing(db: Database) -> None:
    """Without a word of a target there is version 0 of everything."""
    assert TargetState(SEARCH, LITELLM) == state(db)
    with db.transaction() as tx:
        assert {} == target_states.of_budget(tx, SEARCH)


def test_a_confirmation_is_remembered_with_what_is_held(db: Database) -> None:
    """Once for a version; what it holds was written by us."""
    held = {"max_budget": 150.0}

    assert confirm(db, 2, held, note="other replicas may need a minute")
    assert not confirm(db, 2, held, note="other replicas may need a minute", now=LATER)
    expected = TargetState(
        SEARCH,
        LITELLM,
        accepted_version=2,
        confirmed_version=2,
        confirmed_at=NOW,
        held=held,
        written=(held,),
        note="other replicas may need a minute",
        looked_at=LATER,
    )
    assert expected == state(db)


def test_each_target_of_a_budget_has_a_state_of_its_own(db: Database) -> None:
    """What one has confirmed says nothing about another."""
    confirm(db, 3, {"max_budget": 1.0})
    confirm(db, 1, {"budget_amount": 1.0}, target=MLFLOW)
    confirm(db, 7, {"max_budget": 2.0}, budget=GROWTH)

    with db.transaction() as tx:
        versions = {t: s.confirmed_version for t, s in target_states.of_budget(tx, SEARCH).items()}
        confirmed = target_states.confirmed_versions(tx, LITELLM)
        at = {b: s.confirmed_version for b, s in target_states.at(tx, LITELLM).items()}
    assert {LITELLM: 3, MLFLOW: 1} == versions
    assert {SEARCH: 3, GROWTH: 7} == confirmed
    assert {SEARCH: 3, GROWTH: 7} == at


def test_the_last_ten_writings_are_ours_the_newest_first(db: Database) -> None:
    """A target restored from a backup holds one of them; the same twice is kept once."""
    for number in range(1, KEPT + 3):
        confirm(db, number, {"max_budget": float(number)})
    confirm(db, KEPT + 3, {"max_budget": 5.0})

    amounts = [one["max_budget"] for one in state(db).written]
    assert [5.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 4.0, 3.0] == amounts


def test_an_older_confirmation_that_comes_late_takes_nothing_back(db: Database) -> None:
    """Two answers may overtake each other on their way."""
    confirm(db, 3, {"max_budget": 3.0})

    assert not confirm(db, 2, {"max_budget": 2.0})
    assert 3 == state(db).confirmed_version


def test_accepted_is_less_than_confirmed(db: Database) -> None:
    """It is remembered once for a version, and confirms nothing."""

    def accept(version: int) -> bool:
        with db.transaction() as tx:
            return target_states.accept(tx, SEARCH, LITELLM, version, "queued")

    confirm(db, 1, {"max_budget": 1.0})
    assert accept(2)
    assert not accept(2)
    found = state(db)
    assert (2, 1, "queued") == (found.accepted_version, found.confirmed_version, found.note)


def test_an_edit_ends_the_confirmation_until_ours_is_confirmed_again(db: Database) -> None:
    """It is new once for a value, and what we wrote before is still known as ours."""
    ours = {"max_budget": 150.0}
    confirm(db, 2, ours)

    assert edit(db, {"max_budget": 20.0})
    assert not edit(db, {"max_budget": 20.0}, LATER)
    assert edit(db, {"max_budget": 30.0}, LATER)
    found = state(db)
    assert (0, 0, NOW) == (found.confirmed_version, found.accepted_version, found.edited_at)
    assert ({"max_budget": 30.0}, (ours,)) == (found.held, found.written)

    assert confirm(db, 2, ours, now=LATER)
    assert (None, None, 2) == (
        state(db).edited,
        state(db).edited_at,
        state(db).confirmed_version,
    )


def test_drift_ends_the_confirmation_and_is_new_once(db: Database) -> None:
    """An old writing of ours stands there again; it has to be confirmed anew."""
    confirm(db, 2, {"max_budget": 150.0})

    def drift() -> bool:
        with db.transaction() as tx:
            return target_states.drift(tx, SEARCH, LITELLM, LATER)

    assert drift()
    assert not drift()
    assert (0, LATER) == (state(db).confirmed_version, state(db).looked_at)


def test_an_outage_begins_once_for_all_budgets_of_a_target(db: Database) -> None:
    """Whoever fails later fails since the target does, and another target has its own outage."""
    fail(db)
    fail(db, now=LATER)
    fail(db, GROWTH, now=LATER)
    fail(db, SEARCH, MLFLOW, now=LATER)

    assert {LITELLM: NOW, MLFLOW: LATER} == failing(db)
    assert NOW == state(db, GROWTH).failing_since
    with db.transaction() as tx:
        waiting = [s.budget for s in target_states.failing_at(tx, LITELLM)]
    assert [GROWTH, SEARCH] == waiting


@pytest.mark.parametrize("how", ["confirm", "accept", "edit", "look", "answer"])
def test_any_answer_ends_the_outage_of_its_budget(db: Database, how: str) -> None:
    """Whatever the answer is worth, the target is there; the other budget still waits."""
    fail(db)
    fail(db, GROWTH)
    with db.transaction() as tx:
        match how:
            case "confirm":
                target_states.confirm(tx, SEARCH, LITELLM, 1, {}, "", NOW)
            case "accept":
                target_states.accept(tx, SEARCH, LITELLM, 1, "")
            case "edit":
                target_states.edit(tx, SEARCH, LITELLM, {}, "else", NOW)
            case "look":
                target_states.look(tx, SEARCH, LITELLM, NOW)
            case _:
                target_states.answer(tx, SEARCH, LITELLM, "403")

    with db.transaction() as tx:
        assert [GROWTH] == [s.budget for s in target_states.failing_at(tx, LITELLM)]


def test_looks_begin_with_what_was_not_looked_at_for_longest(db: Database) -> None:
    """In batches, of the budgets that are asked for, and none that was looked at just now."""
    ids = [BudgetId(name) for name in ("a", "b", "c", "d")]
    for number, budget in enumerate(ids):
        confirm(db, 1, {}, budget=budget, now=NOW - number * HOUR)
    fail(db, BudgetId("never"))

    with db.transaction() as tx:

        def due(budgets: list[BudgetId], most: int = 9) -> list[BudgetId]:
            since = NOW - HOUR
            return target_states.not_looked_at(tx, LITELLM, since, budgets, most)

        assert ["never", "d", "c", "b"] == due([*ids, BudgetId("never")])
        assert ["d", "c"] == due(ids, 2)
        assert ["b"] == due([BudgetId("b"), BudgetId("a")])
        assert [] == target_states.not_looked_at(tx, MLFLOW, NOW, ids, 9)
