"""Rows that were pushed: by the id their gateway gave them, once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from bot.domain.usage import UsageRow
from store.tables import PushedRow

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
BATCH = 1_000


def new_among(tx: Session, rows: Sequence[UsageRow], now: datetime) -> list[UsageRow]:
    """
    Those rows whose id was not pushed before, now written down; the order stays.

    In the order of their ids, so that two calls with the same rows wait for each other and do not
    block each other.
    """
    by_id = {(row.source, row.row_id or ""): row for row in reversed(rows)}
    keys = sorted(by_id)
    insert = _INSERTS[tx.connection().dialect.name]
    added: set[tuple[str, str]] = set()
    table = PushedRow.__table__  # type: ignore[attr-defined]
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        values = [{"source": source, "row_id": row_id, "at": now} for source, row_id in batch]
        statement = insert(table).values(values).on_conflict_do_nothing()
        returned = tx.connection().execute(statement.returning(table.c.source, table.c.row_id))
        added |= {(source, row_id) for source, row_id in returned}
    return [row for key, row in by_id.items() if key in added][::-1]
