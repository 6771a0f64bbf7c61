"""A place where members ask for higher limits."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.bench import place_of
from tests.flows.increases.place import POLICY, Place


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Place]:
    """On each of the two databases, after the first tick."""
    with place_of(Place, tmp_path, database_url, POLICY) as acme:
        acme.begin()
        yield acme
