"""A place to decide in: the bot among its doubles, and requests on every kind of route."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.bench import bench
from tests.flows.deciding.place import POLICY, Place


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Place]:
    """On each of the two databases, after the first tick."""
    with bench(tmp_path, database_url, POLICY) as acme:
        yield Place(acme)
