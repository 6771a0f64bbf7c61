"""The places of these tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.targets.place import TwoTargets, two_targets


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[TwoTargets]:
    """Search is held by the webhook and by LiteLLM."""
    with two_targets(tmp_path, database_url) as place:
        yield place
