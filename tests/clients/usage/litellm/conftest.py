"""A LiteLLM double over real HTTP, and a source that reads it without ever sleeping."""

from collections.abc import Iterator

import pytest

from bot.clients.usage.litellm import LiteLlmSource
from bot.sandbox.litellm import LiteLlm
from tests.clients.usage.litellm.setting import source_of


@pytest.fixture
def proxy() -> Iterator[LiteLlm]:
    """A proxy with one team that has spent nothing yet."""
    with LiteLlm() as proxy:
        proxy.add_team("team-growth", "growth")
        yield proxy


@pytest.fixture
def waits() -> list[float]:
    """The waits a source would have made."""
    return []


@pytest.fixture
def source(proxy: LiteLlm, waits: list[float]) -> Iterator[LiteLlmSource]:
    """A source with the master key."""
    with source_of(proxy, waits=waits) as source:
        yield source
