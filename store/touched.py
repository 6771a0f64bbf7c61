"""Which budgets have changed since the last tick: noted by whoever changes charges or limits."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, insert
from sqlalchemy import select as sql_select
from sqlmodel import Session, select

from store.batches import pieces
from store.tables import TouchedRow

_AT_ONCE = 5_000  # so that they are not all in memory at once


@dataclass(frozen=True, slots=True)
class Touched:
    """Budgets with other charges, and among them those whose limit may be another."""

    budgets: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()


def note(tx: Session, budgets: Collection[str], *, limit_changed: bool = False) -> None:
    """Added, never updated: two that note the same budget do not wait for each other."""
    if budgets:
        rows = [{"budget": b, "limit_changed": limit_changed} for b in sorted(set(budgets))]
        for some in pieces(rows):
            tx.connection().execute(insert(TouchedRow), list(some))


def waiting(tx: Session) -> Touched:
    """What was noted and not taken yet."""
    rows = tx.exec(select(TouchedRow.budget, TouchedRow.limit_changed).distinct()).all()
    return _touched(rows)


def take(tx: Session) -> Touched:
    """As `waiting`, and it is not noted any more; what others are just noting waits its turn."""
    budgets: set[str] = set()
    limits: set[str] = set()
    table = TouchedRow.__table__  # type: ignore[attr-defined]
    first = sql_select(table.c.id).order_by(table.c.id).limit(_AT_ONCE)
    # What the statement sees goes, and is what it answers; what becomes visible meanwhile stays.
    taken = (
        delete(table).where(table.c.id.in_(first)).returning(table.c.budget, table.c.limit_changed)
    )
    while rows := tx.connection().execute(taken).all():
        budgets.update(budget for budget, _ in rows)
        limits.update(budget for budget, changed in rows if changed)
    return Touched(frozenset(budgets), frozenset(limits))


def _touched(rows: Collection[tuple[str, bool]]) -> Touched:
    return Touched(
        frozenset(budget for budget, _ in rows),
        frozenset(budget for budget, changed in rows if changed),
    )
