"""The real bot among its sandboxes, and what handlers' tests do there."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.desk import Desk
from tests.handlers.homes import LENIENT
from tests.story.town import at, town


@pytest.fixture
def desk(tmp_path: Path, sqlite_template: Path) -> Iterator[Desk]:
    """Acme on a Monday in HTTP mode, with search at 81 % of its limit."""
    path = tmp_path / "budgets.db"
    shutil.copy(sqlite_template, path)
    with town(tmp_path, f"sqlite:///{path}", "http", at("2026-11-02 11:00")) as place:
        yield Desk(place)


@pytest.fixture
def both_desks(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """The same on each of the two databases."""
    with town(tmp_path, database_url, "http", at("2026-11-02 11:00")) as place:
        yield Desk(place)


@pytest.fixture
def socket_desk(tmp_path: Path, sqlite_template: Path) -> Iterator[Desk]:
    """The same in Socket Mode."""
    path = tmp_path / "budgets.db"
    shutil.copy(sqlite_template, path)
    with town(tmp_path, f"sqlite:///{path}", "socket", at("2026-11-02 11:00")) as place:
        yield Desk(place)


@pytest.fixture(params=["http", "socket"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """Acme in one of the two modes, with search at 81 % of its limit."""
    url = f"sqlite:///{tmp_path / 'b.db'}"
    with town(tmp_path, url, request.param, at("2026-11-02 11:00"), LENIENT) as place:
        yield Desk(place)


@pytest.fixture
def spent(either: Desk) -> Desk:
    """The limit is reached, and the grace runs."""
    either.town.spends("22")
    either.town.turn()
    return either
