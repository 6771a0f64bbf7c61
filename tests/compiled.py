"""Statements compiled once for all databases of a test run."""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.compiler import Compiled
from sqlalchemy.util import LRUCache

from store import db

MOST = 4000  # different statements


def share() -> None:
    """
    Every engine opened from now on in this process uses the same compiled statements.

    The cache of an engine goes by its dialect, which each engine makes anew; with an empty
    database for every test, compiling took a third of the time of most of them. All engines of
    one kind speak to the same server here, so one dialect is as good as the other.
    """
    opened = db.open_engine
    caches: dict[str, LRUCache[Any, Compiled]] = {}

    def open_engine(url: str) -> Engine:
        engine = opened(url)
        engine._compiled_cache = caches.setdefault(engine.dialect.name, LRUCache(MOST))
        return engine

    for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        kind.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
        kind.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
    db.open_engine = open_engine
