"""What a database is asked while a test looks on."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from store.db import Database


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """Every statement that is sent meanwhile; one for many rows at once is one."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
