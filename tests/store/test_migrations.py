"""Migrations: from nothing to the newest, on both databases, by several at once."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from store import migrate
from store.db import Database


def test_tables_and_migrations_agree(db: Database) -> None:
    """A column without its migration is found."""
    migrate.check(db.engine)

    assert migrate.is_current(db.engine)


def test_a_new_database_is_not_current(tmp_path: Path) -> None:
    """Readiness can tell a database that was never migrated."""
    database = Database(f"sqlite:///{tmp_path}/new.db")

    assert not migrate.is_current(database.engine)
    database.close()


def test_four_at_once_migrate_an_empty_postgresql(postgres: str) -> None:
    """Replicas that start together do not trip over each other."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE four_at_once")
    url = postgres.replace("/postgres?", "/four_at_once?")

    code = (
        "import sys; from store import migrate; from store.db import Database; "
        "migrate.upgrade(Database(sys.argv[1]).engine)"
    )
    replicas = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(4)]

    assert [0] * 4 == [replica.wait(60) for replica in replicas]
    database = Database(url)
    assert migrate.is_current(database.engine)
    database.close()


@pytest.mark.parametrize("times", [1, 2])
def test_upgrading_again_changes_nothing(db: Database, times: int) -> None:
    """Every start of the bot migrates."""
    for _ in range(times):
        migrate.upgrade(db.engine)

    assert migrate.is_current(db.engine)
