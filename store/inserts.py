"""Inserts that are no-ops when the row is there already, alike on both databases."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from store.batches import pieces

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_once(tx: Session, table: type[SQLModel], **values: Any) -> bool:
    """Insert a row unless one of its unique keys exists; whether it was inserted."""
    statement = _insert(tx, table).values(values).on_conflict_do_nothing()
    # RETURNING, because the rowcount of an insert is -1 on PostgreSQL.
    first_key = next(iter(_columns(table).primary_key))
    return tx.connection().execute(statement.returning(first_key)).first() is not None


def insert_all_once(
    tx: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]
) -> set[tuple[Any, ...]]:
    """As `insert_once`, for many rows with the same columns; the primary keys that were inserted."""
    keys = list(_columns(table).primary_key)
    statement = _insert(tx, table).on_conflict_do_nothing().returning(*keys)
    found: set[tuple[Any, ...]] = set()
    for some in pieces(rows):
        found |= {tuple(row) for row in tx.connection().execute(statement, list(some))}
    return found


def upsert(tx: Session, table: type[SQLModel], **values: Any) -> None:
    """Insert a row, or set these values on the one with the same primary key."""
    keys = [column.name for column in _columns(table).primary_key]
    changed = {name: value for name, value in values.items() if name not in keys}
    statement = _insert(tx, table).values(values)
    tx.connection().execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))


def upsert_all(tx: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """As `upsert`, for many rows with the same columns in one statement."""
    if not rows:
        return
    keys = [column.name for column in _columns(table).primary_key]
    statement = _insert(tx, table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    for some in pieces(rows):
        tx.connection().execute(statement, list(some))


def _insert(tx: Session, table: type[SQLModel]) -> Any:
    return _INSERTS[tx.connection().dialect.name](_columns(table))


def _columns(table: type[SQLModel]) -> Any:
    return table.__table__  # type: ignore[attr-defined]
