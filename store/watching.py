"""
Which budgets have to be looked at: those that reached a spend, fell below one, or whose time came.

A tick changes the spend of a few and asks two partial indexes; what nothing happened to costs
nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId, Stage
from bot.domain.stages import Reached, Reason
from bot.domain.watch import Watch
from store.batches import batches, pieces
from store.inserts import upsert_all
from store.tables import WatchRow

_FEW = 5_000  # named one by one; of more, all are read


def lock(tx: Session) -> None:
    """
    One tick at a time works out what budgets have spent; others wait until it has committed.

    Two that each see only their own source's charges would both write a sum that lacks the other's.
    Reading goes on. SQLite lets only one write anyway.
    """
    if tx.connection().dialect.name == "postgresql":
        tx.connection().exec_driver_sql("LOCK TABLE watch IN EXCLUSIVE MODE")


def spent(
    tx: Session, starts_at: datetime, budgets: Collection[BudgetId] | None = None
) -> dict[str, int]:
    """What each of these, or every one, had spent in that period, as last worked out."""
    few = None if budgets is None or len(budgets) > _FEW else budgets
    table = WatchRow.__table__  # type: ignore[attr-defined]
    found: dict[str, int] = {}
    for some in batches(few):
        query = sql_select(table.c.budget, table.c.spent).where(table.c.starts_at == starts_at)
        if some is not None:
            query = query.where(table.c.budget.in_(some))
        found.update(tx.connection().execute(query).all())
    return found


def count(tx: Session, periods: Collection[datetime], now: datetime) -> int:
    """
    How many budgets are watched in periods that begin at these moments, and wait for a later one.

    A day that is over may have begun with the present month, so the beginning alone says little. In
    two statements, because nearly all wait: an index would be walked for every row there is.
    """
    query = select(func.count()).select_from(WatchRow)
    within = query.where(col(WatchRow.starts_at).in_(list(periods)))
    return tx.exec(within).one() - tx.exec(within.where(col(WatchRow.check_at) <= now)).one()


def forget_others(tx: Session, budgets: Collection[str]) -> None:
    """Those that have left the policy file."""
    for some in batches(set(tx.exec(select(WatchRow.budget))) - set(budgets)):
        tx.execute(delete(WatchRow).where(col(WatchRow.budget).in_(some or [])))


def update_spent(tx: Session, changed: Mapping[BudgetId, int]) -> None:
    """A new spend; when to look again stands as it was."""
    if changed:
        table = WatchRow.__table__  # type: ignore[attr-defined]
        rows = [{"id_": budget, "amount": amount} for budget, amount in sorted(changed.items())]
        statement = update(table).where(table.c.budget == bindparam("id_"))
        for some in pieces(rows):
            tx.connection().execute(statement.values(spent=bindparam("amount")), list(some))


def look_now(tx: Session, budgets: Mapping[BudgetId, tuple[datetime, int]], now: datetime) -> None:
    """Look at these whatever they spent: they are new, their period is, or their limit may be."""
    rows = [
        {
            "budget": budget,
            "starts_at": starts_at,
            "spent": amount,
            "next_at": None,
            "back_at": None,
            "check_at": now,
            "found": None,
            "found_at": None,
            "timed": None,
            "timed_reason": None,
        }
        for budget, (starts_at, amount) in sorted(budgets.items())
    ]
    upsert_all(tx, WatchRow, rows)


def due(tx: Session, now: datetime) -> set[BudgetId]:
    """The budgets to look at now."""
    conditions: tuple[Any, ...] = (
        col(WatchRow.spent) >= col(WatchRow.next_at),
        col(WatchRow.spent) < col(WatchRow.back_at),
        col(WatchRow.check_at) <= now,
    )
    return {
        BudgetId(budget)
        for condition in conditions
        for budget in tx.exec(select(WatchRow.budget).where(condition))
    }


def timed(tx: Session, budgets: Collection[BudgetId]) -> dict[tuple[BudgetId, datetime], Reached]:
    """The stage that counts by time, by budget and the beginning of its period."""
    found: dict[tuple[BudgetId, datetime], Reached] = {}
    for row in _rows(tx, budgets):
        if row.timed is not None and row.timed_reason is not None:
            reached = Reached(Stage(row.timed), Reason(row.timed_reason))
            found[BudgetId(row.budget), row.starts_at] = reached
    return found


def evaluations(
    tx: Session, budgets: Collection[BudgetId]
) -> dict[BudgetId, tuple[Stage | None, datetime]]:
    """What the last evaluation of each budget found by time, and when it was."""
    return {
        BudgetId(row.budget): (Stage(row.found) if row.found else None, row.found_at)
        for row in _rows(tx, budgets)
        if row.found_at is not None
    }


def note_evaluations(
    tx: Session,
    found: Mapping[BudgetId, tuple[Reached | None, Reached | None]],
    now: datetime,
) -> None:
    """What each evaluation found by time, and what counts of it."""
    rows = [
        {
            "id_": budget,
            "raw": int(raw.stage) if raw else None,
            "at": now,
            "counts": int(counts.stage) if counts else None,
            "why": counts.reason.value if counts else None,
        }
        for budget, (raw, counts) in found.items()
    ]
    if rows:
        table = WatchRow.__table__  # type: ignore[attr-defined]
        values: dict[str, Any] = {
            "found": bindparam("raw"),
            "found_at": bindparam("at"),
            "timed": bindparam("counts"),
            "timed_reason": bindparam("why"),
        }
        statement = update(table).where(table.c.budget == bindparam("id_")).values(values)
        tx.connection().execute(statement, rows)


def _rows(tx: Session, budgets: Collection[BudgetId]) -> Iterator[WatchRow]:
    for some in batches(budgets):
        query = select(WatchRow).where(col(WatchRow.budget).in_(some or []))
        yield from tx.exec(query.execution_options(populate_existing=True))


def arm(tx: Session, watches: Iterable[tuple[BudgetId, Watch]]) -> None:
    """After a look: when the next one is due."""
    table = WatchRow.__table__  # type: ignore[attr-defined]
    rows = [
        {"id_": budget, "next": w.next_at, "back": w.back_at, "check": w.check_at}
        for budget, w in watches
    ]
    if rows:
        statement = update(table).where(table.c.budget == bindparam("id_"))
        values: dict[str, Any] = {
            "next_at": bindparam("next"),
            "back_at": bindparam("back"),
            "check_at": bindparam("check"),
        }
        tx.connection().execute(statement.values(values), rows)
