"""Replacing a window by its difference: the same rows as if everything were deleted and written."""

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.domain.attribution import Charge
from bot.domain.money import Micros
from bot.domain.usage import Actor, Tokens, UsageRow
from store import ledger, touched, usage_rows
from store.db import Database
from tests.domain.values import HOUR
from tests.store.statements import statements
from tests.store.test_ledger import ROW, SOURCE, START, WINDOW

ACTORS = (
    None,
    Actor("api_actor", "apikey_1"),
    Actor("user_actor", "user_1", "ann@example.com", "Ann"),
    Actor("user_actor", "user_1", "ann@example.com", "Anna"),
    Actor("user_actor", "user_1"),
)
ROWS = st.builds(
    UsageRow,
    source=st.just(SOURCE),
    starts_at=st.sampled_from([START, START + 9 * HOUR]),
    ends_at=st.just(START + 10 * HOUR),
    workspace_id=st.sampled_from([None, "wrkspc_1"]),
    api_key_id=st.sampled_from([None, "apikey_1"]),
    actor=st.sampled_from(ACTORS),
    model=st.sampled_from([None, "claude-opus-5-5"]),
    product=st.sampled_from([None, "api"]),
    net=st.sampled_from([Micros(0), Micros(1), Micros(-1), Micros(10**15)]),
    list=st.sampled_from([Micros(0), Micros(2)]),
    tokens=st.sampled_from([Tokens(), Tokens(1, 2, 3, 4, 5)]),
    requests=st.integers(0, 1),
    service_tier=st.sampled_from([None, "batch"]),
    team=st.sampled_from([None, "core"]),
    tags=st.sampled_from([(), (("env", "prod"),), (("env", "prod"), ("for", "ci"))]),
    row_id=st.sampled_from([None, "req_1"]),
    estimated=st.booleans(),
)
CHARGES = st.lists(
    st.builds(
        lambda budget, row: Charge(budget, row, row.net, row.list), st.sampled_from("abc"), ROWS
    ),
    max_size=5,
)
EVERY_COLUMN = """
    source, budget, starts_at, ends_at, workspace_id, api_key_id, actor_kind, actor_id, actor_email,
    actor_name, model, product, net, list, uncached_input, cache_read, cache_creation_5m,
    cache_creation_1h, output, requests, service_tier, team, tags, estimated, row_id, compacted
"""


def wipe(db: Database) -> None:
    """Nothing was ever charged."""
    with db.transaction() as tx:
        for table in ("charge", "touched_budget"):
            tx.connection().execute(text(f"DELETE FROM {table}"))  # noqa: S608


def rows(db: Database) -> Counter[str]:
    """Every row of the table, as it is stored, however often."""
    with db.transaction() as tx:
        found = tx.connection().execute(text(f"SELECT {EVERY_COLUMN} FROM charge"))  # noqa: S608
        return Counter(str(tuple(row)) for row in found)


def by_budget(charges: list[Charge]) -> dict[str, Counter[Charge]]:
    """What each budget is charged."""
    return {name: Counter(c for c in charges if c.budget == name) for name in "abc"}


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(CHARGES, CHARGES, st.integers(0, 5))
def test_what_was_there_before_leaves_no_trace(
    db: Database, before: list[Charge], new: list[Charge], kept: int
) -> None:
    """Equal rows are counted, tags and names and what is missing compared; who changed is told."""
    after = before[:kept] + new
    wipe(db)
    with db.transaction() as tx:
        ledger.replace(tx, SOURCE, WINDOW, after)
    written_once = rows(db)
    wipe(db)
    with db.transaction() as tx:
        ledger.replace(tx, SOURCE, WINDOW, before)
        touched.take(tx)
        changed = ledger.replace(tx, SOURCE, WINDOW, after)
        noted = touched.take(tx).budgets

    assert written_once == rows(db)
    was, is_ = by_budget(before), by_budget(after)
    assert {name for name in "abc" if was[name] != is_[name]} == changed == noted


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ROWS)
def test_a_row_is_kept_as_it_came(db: Database, row: UsageRow) -> None:
    """Every dimension and amount, for new rules are applied to what the ledger holds."""
    wipe(db)
    with db.transaction() as tx:
        ledger.replace(tx, SOURCE, WINDOW, [Charge("a", row, row.net, row.list)])

    with db.transaction() as tx:
        assert [row] == usage_rows.of_window(tx, SOURCE, WINDOW)


def test_a_poll_that_brought_nothing_new_writes_nothing(db: Database) -> None:
    """Neither to the ledger nor for the next tick, in whatever order the rows come."""
    charges = [
        Charge(
            "search",
            replace(ROW, starts_at=START + n % 10 * HOUR, requests=n // 2),
            ROW.net,
            ROW.list,
        )
        for n in range(40)
    ]
    with db.transaction() as tx:
        ledger.replace(tx, SOURCE, WINDOW, charges)
    with db.transaction() as tx, statements(db) as seen:
        changed = ledger.replace(tx, SOURCE, WINDOW, charges[::-1])

    assert frozenset() == changed
    assert [] == [s for s in seen if s.split()[0] in {"INSERT", "UPDATE", "DELETE"}]
    assert [] != seen


def test_one_row_that_changed_is_the_one_that_is_written(db: Database) -> None:
    """The others keep their place: a poll costs what it brought."""
    charges = [
        Charge("search", replace(ROW, starts_at=START + n * HOUR), ROW.net, ROW.list)
        for n in range(10)
    ]
    with db.transaction() as tx:
        ledger.replace(tx, SOURCE, WINDOW, charges)
    before = numbers(db)
    with db.transaction() as tx:
        ledger.replace(tx, SOURCE, WINDOW, [replace(charges[0], net=Micros(7)), *charges[1:]])

    assert 9 == len(before & numbers(db))
    assert 10 == len(numbers(db))


def numbers(db: Database) -> set[int]:
    """The number of every row."""
    with db.transaction() as tx:
        return {id_ for (id_,) in tx.connection().execute(text("SELECT id FROM charge"))}
