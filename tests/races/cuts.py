"""Connections that are cut again and again while something happens on a PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError

from bot.domain.errors import UserError

Result = TypeVar("Result")
TRIES = 50
PAUSE = 0.02  # seconds between two cuts: a decision takes longer
CUT = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE pid IN (
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1
    )
"""
MOST = 40  # cuts, so that somebody gets through in the end


@contextmanager
def cutting(database_url: str) -> Iterator[list[int]]:
    """Cut one connection to a database after the other while the block runs; how many."""
    over, cut = threading.Event(), list[int]()

    def work() -> None:
        with psycopg.connect(database_url, autocommit=True) as admin:
            while len(cut) < MOST and not over.wait(PAUSE):
                row = admin.execute(CUT).fetchone()
                cut.append(row[0] if row else 0)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield cut
    finally:
        over.set()
        thread.join()


def insisting(call: Callable[[], Result]) -> Result:
    """Whoever reads that something went wrong presses again; on a busy machine Slack may be slow."""
    for _ in range(TRIES):
        try:
            return call()
        except DBAPIError:
            continue
        except UserError as error:
            if not str(error).startswith("Slack did not tell who you are"):
                raise
    return call()
