"""The bench of the Home tabs, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.bench import Bench, bench
from tests.flows.homes import POLICY


@pytest.fixture
def homes(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """$81 of the $100 for Search are spent, and a dollar that nobody claims."""
    with bench(tmp_path, database_url, POLICY) as place:
        for name in ("pam", "gil", "una", "zoe"):
            place.slack.add_person(f"{name}@example.com", name=name.title(), id=f"U0{name.upper()}")
        place.slack.add_usergroup("S0TEAM", "team", ["U0KIM"])
        for workspace in ("team-growth", "elsewhere"):
            place.usage.add_workspace(workspace)
        place.usage.spend(place.clock(), "81", workspace="team-search")
        place.usage.spend(place.clock(), "19", workspace="elsewhere")
        place.later(minutes=1)
        place.turn()
        yield place
