"""Two replicas on one database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.parts import Bot
from tests.faults.bench import Bench, bench, close
from tests.races.policy import POLICY, more_people


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Acme with eight approvers, after the first tick."""
    with bench(tmp_path, database_url, POLICY) as place:
        more_people(place.town)
        place.turn()
        yield place


@pytest.fixture
def replicas(acme: Bench) -> Iterator[tuple[Bot, Bot]]:
    """The bench's bot and a second one."""
    other = acme.replica()
    yield acme.bot, other
    close(other)
