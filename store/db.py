"""How the database is opened, and the one way to write to it: `Database.transaction()`."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlmodel import Session

from store import audit


class Database:
    """
    SQLite for one process, PostgreSQL for several; the same statements serve both.

    `audit_key` signs the audit chain, which every transaction extends just before its commit.
    """

    def __init__(self, url: str, audit_key: bytes | None = None) -> None:
        self.engine = open_engine(url)
        self.audit_key = audit_key
        # SQLite's busy handler sleeps and is not fair: writers of one process queue here instead.
        self._turn = threading.RLock() if self.engine.dialect.name == "sqlite" else nullcontext()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: committed at the end, rolled back on any exception."""
        with self._turn, Session(self.engine, expire_on_commit=False) as tx:
            yield tx
            audit.write(tx, self.audit_key)
            tx.commit()

    @contextmanager
    def rehearsal(self) -> Iterator["Database"]:
        """A database in which everything can be done and nothing stays (dry runs)."""
        with self._turn, self.engine.connect() as connection:
            outer = connection.begin()
            try:
                yield _Rehearsal(connection, self.audit_key)
            finally:
                outer.rollback()

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def savepoint(tx: Session) -> Iterator[None]:
    """A part of a transaction that can fail alone: its rows and its audit notes go together."""
    mark = audit.mark(tx)
    try:
        with tx.begin_nested():
            yield
    except BaseException:
        audit.forget(tx, mark)
        raise


class _Rehearsal(Database):
    """Transactions are savepoints inside one that is never committed."""

    def __init__(self, connection: Connection, audit_key: bytes | None) -> None:
        self.engine = connection.engine
        self.audit_key = audit_key
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with Session(
            self._connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as tx:
            yield tx
            audit.write(tx, self.audit_key)
            tx.commit()


def open_engine(url: str) -> Engine:
    """The engine for a `sqlite:///…` or `postgresql://…` address."""
    if url.startswith("postgresql"):
        # A row that somebody else holds is waited for, not for ever.
        return create_engine(
            url,
            pool_pre_ping=True,
            pool_size=20,
            max_overflow=20,
            connect_args={"options": "-c lock_timeout=10000 -c timezone=UTC"},
        )
    _make_private(url)
    engine = create_engine(url, pool_size=20, max_overflow=20)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _make_private(url: str) -> None:
    """A new file is its owner's alone: it holds who asked for what, and why."""
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.exists() and path.parent.is_dir():
        path.touch(mode=0o600)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy says BEGIN, not the driver
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # NORMAL may lose an approval to a power cut
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that has read cannot wait for the write lock: it fails at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
