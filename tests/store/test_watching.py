"""Who is due: asked of three indexes, so that what nothing happened to costs nothing."""

from collections.abc import Collection
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, text
from sqlmodel import Session

from bot.domain.budgets import BudgetId
from bot.domain.watch import Watch
from store import watching
from store.db import Database
from tests.domain.values import DAY, HOUR, NOW, PERIOD

FAR = NOW + 7 * DAY
SEARCH, GROWTH = BudgetId("search"), BudgetId("growth")


def watch(db: Database, spent: int, bounds: Watch, budget: BudgetId = SEARCH) -> None:
    """A budget that was looked at once."""
    with db.transaction() as tx:
        watching.look_now(tx, {budget: (PERIOD.starts_at, spent)}, NOW)
        watching.arm(tx, [(budget, bounds)])


def due(db: Database, now: datetime = NOW) -> Collection[BudgetId]:
    """Who is looked at now."""
    with db.transaction() as tx:
        return watching.due(tx, now)


@pytest.mark.parametrize(
    ("spent", "next_at", "back_at", "check_at", "is_due"),
    [
        (79, 80, None, FAR, False),
        (80, 80, None, FAR, True),
        (10**16, 10**16, None, FAR, True),
        (100, None, 100, FAR, False),
        (99, None, 100, FAR, True),
        (99, 120, 90, FAR, False),
        (5, None, None, FAR, False),
        (5, None, None, NOW, True),
        (5, None, None, NOW + timedelta(microseconds=1), False),
        (-1, 0, None, FAR, False),
    ],
)
def test_who_is_due(
    db: Database,
    spent: int,
    next_at: int | None,
    back_at: int | None,
    check_at: datetime,
    is_due: bool,
) -> None:
    """At a spend that is reached, below one that is fallen below, or at a moment."""
    watch(db, spent, Watch(next_at, back_at, check_at))

    assert ({SEARCH} if is_due else set()) == due(db)


def test_a_new_spend_leaves_the_bounds_as_they_are(db: Database) -> None:
    """Up to the bound and past it; the other budget is nobody's business."""
    watch(db, 10, Watch(80, None, FAR))
    watch(db, 10, Watch(80, None, FAR), GROWTH)
    with db.transaction() as tx:
        watching.update_spent(tx, {SEARCH: 79})
    assert set() == due(db)
    with db.transaction() as tx:
        watching.update_spent(tx, {SEARCH: 80})

    assert {SEARCH} == due(db)
    with db.transaction() as tx:
        assert {"search": 80, "growth": 10} == watching.spent(tx, PERIOD.starts_at)
        begins = [PERIOD.starts_at, PERIOD.ends_at]
        assert (2, 0) == (watching.count(tx, begins, NOW), watching.count(tx, begins, FAR))


def test_look_now_wins_over_whatever_was_waited_for(db: Database) -> None:
    """A limit that changed, or a period that is new: what was armed before counts no more."""
    watch(db, 10, Watch(80, 5, FAR))
    with db.transaction() as tx:
        watching.look_now(tx, {SEARCH: (PERIOD.ends_at, 0)}, NOW + HOUR)

    assert set() == due(db)
    assert {SEARCH} == due(db, NOW + HOUR)
    with db.transaction() as tx:
        watching.arm(tx, [(SEARCH, Watch(50, None, FAR))])
        assert {"search": 0} == watching.spent(tx, PERIOD.ends_at)
        assert {} == watching.spent(tx, PERIOD.starts_at)
    assert set() == due(db, NOW + HOUR)


def test_nothing_to_write_writes_nothing(db: Database) -> None:
    """A tick that changed nobody."""
    with db.transaction() as tx:
        watching.look_now(tx, {}, NOW)
        watching.update_spent(tx, {})
        watching.arm(tx, [])
        assert {} == watching.spent(tx, PERIOD.starts_at)


def plans(db: Database, ask: str) -> list[str]:
    """How the database would find what `due` asks for."""
    found: list[str] = []
    asked: list[tuple[str, object]] = []

    def note(
        _connection: object, _cursor: object, statement: str, parameters: object, *_more: object
    ) -> None:
        if "FROM watch" in statement and not statement.startswith("EXPLAIN"):
            asked.append((statement, parameters))

    with db.transaction() as tx:
        event.listen(db.engine, "before_cursor_execute", note)
        watching.due(tx, NOW)
        event.remove(db.engine, "before_cursor_execute", note)
        for statement, parameters in asked:
            found.append(_explained(tx, f"{ask} {statement}", parameters))
    return found


def _explained(tx: Session, statement: str, parameters: object) -> str:
    rows = tx.connection().exec_driver_sql(statement, parameters)  # type: ignore[arg-type]
    return "\n".join(str(tuple(row)) for row in rows)


def test_who_is_due_is_found_by_an_index(db: Database) -> None:
    """Each of the three conditions has its own: 25,000 budgets that are not due are not read."""
    with db.transaction() as tx:
        rows = {BudgetId(f"b{n}"): (PERIOD.starts_at, 1) for n in range(2_000)}
        watching.look_now(tx, rows, NOW)
        watching.arm(tx, [(budget, Watch(80, None, FAR)) for budget in rows])
    with db.transaction() as tx:
        tx.connection().execute(text("ANALYZE watch"))
        ask = "EXPLAIN" if db.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    reached, below, checked = plans(db, ask)

    assert "ix_watch_next_is_reached" in reached
    assert "ix_watch_back_is_reached" in below
    assert "ix_watch_check_at" in checked
