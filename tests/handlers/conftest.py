"""The real bot among its sandboxes, and what handlers' tests do there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handlers.desk import Desk
from tests.handlers.homes import LENIENT
from tests.story.town import at, town


@pytest.fixture
def desk(tmp_path: Path, sqlite_url: str) -> Iterator[Desk]:
    """Acme on a Monday in HTTP mode, with search at 81 % of its limit."""
    with town(tmp_path, sqlite_url, "http", at("2026-11-02 11:00")) as place:
        yield Desk(place)


@pytest.fixture
def both_desks(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """The same on each of the two databases."""
    with town(tmp_path, database_url, "http", at("2026-11-02 11:00")) as place:
        yield Desk(place)


@pytest.fixture
def socket_desk(tmp_path: Path, sqlite_url: str) -> Iterator[Desk]:
    """The same in Socket Mode."""
    with town(tmp_path, sqlite_url, "socket", at("2026-11-02 11:00")) as place:
        yield Desk(place)


@pytest.fixture(params=["http", "socket"])
def either(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> Iterator[Desk]:
    """Acme in one of the two modes, with search at 81 % of its limit."""
    with town(tmp_path, sqlite_url, request.param, at("2026-11-02 11:00"), LENIENT) as place:
        yield Desk(place)


@pytest.fixture
def spent(either: Desk) -> Desk:
    """The limit is reached, and the grace runs."""
    either.town.spends("22")
    either.town.turn()
    return either
