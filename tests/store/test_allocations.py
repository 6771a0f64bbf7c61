"""Allocations: a change of the policy file is a revision, and nothing else is."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from bot.domain.budgets import BudgetId
from bot.domain.limits import Allocation
from bot.domain.money import Micros, micros
from store import allocations
from store.db import Database
from tests.domain.values import NOW

SEARCH, GROWTH = BudgetId("search"), BudgetId("growth")
Changes = list[tuple[Allocation | None, Allocation]]


def apply(db: Database, version: str = "v1", /, **limits: str) -> Changes:
    """Apply a policy file with these limits."""
    wanted = {BudgetId(name): micros(usd) for name, usd in limits.items()}
    with db.transaction() as tx:
        return allocations.apply_file(tx, wanted, version, NOW)


def in_force(db: Database) -> Mapping[BudgetId, Allocation]:
    """The newest revisions."""
    with db.transaction() as tx:
        return allocations.in_force(tx)


def test_the_first_file_is_the_first_revision(db: Database) -> None:
    """Each budget has one, and there was nothing before it."""
    search = Allocation(SEARCH, micros("100"), 1)
    growth = Allocation(GROWTH, micros("300.50"), 1)

    assert {} == in_force(db)
    assert [(None, search), (None, growth)] == apply(db, search="100", growth="300.50")
    assert {SEARCH: search, GROWTH: growth} == in_force(db)


def test_the_same_value_is_no_revision(db: Database) -> None:
    """Every tick applies the file; a change elsewhere in it is none of the limit."""
    apply(db, "v1", search="100")

    assert [] == apply(db, "v1", search="100")
    assert [] == apply(db, "v2", search="100.00")
    assert 1 == in_force(db)[SEARCH].revision


def test_a_changed_value_is_a_revision_with_what_was_before(db: Database) -> None:
    """Only of the budget that changed."""
    apply(db, search="100", growth="300")
    before, after = Allocation(SEARCH, micros("100"), 1), Allocation(SEARCH, micros("120"), 2)

    assert [(before, after)] == apply(db, search="120", growth="300")
    assert after == in_force(db)[SEARCH]
    assert 1 == in_force(db)[GROWTH].revision


def test_back_to_an_earlier_value_is_a_new_revision(db: Database) -> None:
    """It was changed twice, and the record says so."""
    for usd in ("100", "120", "100"):
        apply(db, search=usd)

    assert Allocation(SEARCH, micros("100"), 3) == in_force(db)[SEARCH]


def test_a_budget_that_leaves_the_file_keeps_its_history(db: Database) -> None:
    """When it comes back with another value, the count goes on."""
    apply(db, search="100", growth="300")
    assert [] == apply(db, search="100")
    assert {SEARCH, GROWTH} == set(in_force(db))

    ((before, after),) = apply(db, search="100", growth="301")
    assert (1, 2) == (before and before.revision, after.revision)


def test_a_change_of_a_micro_dollar_is_a_change(db: Database) -> None:
    """Amounts are compared as whole numbers."""
    largest = Micros(1_000_000_000 * 10**6)
    with db.transaction() as tx:
        allocations.apply_file(tx, {SEARCH: Micros(largest - 1)}, "v1", NOW)
        ((_, after),) = allocations.apply_file(tx, {SEARCH: largest}, "v1", NOW)

    assert Allocation(SEARCH, largest, 2) == after == in_force(db)[SEARCH]


def test_two_replicas_that_apply_a_file_make_one_revision(db: Database) -> None:
    """Both start with the new file at once; one writes it, and one tells of it."""
    apply(db, search="100")
    with ThreadPoolExecutor(4) as pool:
        changes = list(pool.map(lambda _: apply(db, "v2", search="120"), range(4)))

    assert 1 == sum(len(found) for found in changes)
    assert 2 == in_force(db)[SEARCH].revision
