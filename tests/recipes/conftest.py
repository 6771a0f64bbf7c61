"""A bot that takes pushed usage, and bridges that lead to it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recipes.bridges import SECRET, Bridge, Bridges, start
from tests.story.town import POLICY, Town, at, town

BEGINS = at("2026-11-25 09:00")
RULES = POLICY.replace("match: [{workspace: team-search}]", "match: [{team: search}]")


@pytest.fixture
def acme(tmp_path: Path, sqlite_template: Path) -> Iterator[Town]:
    """A town that takes pushed usage, with a rule for the team that Claude Code names."""
    shutil.copy(sqlite_template, tmp_path / "budgets.db")
    url = f"sqlite:///{tmp_path}/budgets.db"
    with town(tmp_path, url, "http", BEGINS, RULES, USAGE_PUSH_SECRET=SECRET) as place:
        place.turn()
        yield place


@pytest.fixture
def bridges(acme: Town, tmp_path: Path) -> Iterator[Bridges]:
    """Starts bridges, to the bot unless told otherwise; all are gone at the end."""
    started: list[Bridge] = []

    def bridge(url: str | None = None, secret: str = SECRET) -> Bridge:
        started.append(start(url or f"http://127.0.0.1:{acme.port}", secret, tmp_path))
        return started[-1]

    yield bridge
    for running in started:
        running.kill()


@pytest.fixture
def bridge(bridges: Bridges) -> Bridge:
    """One that leads to the bot."""
    return bridges()
