"""The bench of the faults, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.bench import Bench, bench


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Acme on a Monday at ten, before the first tick."""
    with bench(tmp_path, database_url) as place:
        yield place
