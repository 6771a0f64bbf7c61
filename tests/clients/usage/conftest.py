"""The usage API double over real HTTP, and a source that reads it without ever sleeping."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.clients.usage.anthropic import AnthropicSource
from bot.domain.usage import Window
from bot.sandbox.usage import UsageApi

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)


class Hand:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Hand:
    """The API's clock."""
    return Hand()


@pytest.fixture
def now() -> datetime:
    """The moment at which tests read."""
    return NOW


@pytest.fixture
def day() -> Window:
    """The last 24 hours."""
    return Window(NOW - timedelta(hours=24), NOW)


@pytest.fixture
def api(clock: Hand) -> Iterator[UsageApi]:
    """A usage API that has spent nothing yet."""
    with UsageApi(clock) as api:
        yield api


@pytest.fixture
def sleeps() -> list[float]:
    """The waits a source would have made."""
    return []


@pytest.fixture
def source(api: UsageApi, clock: Hand, sleeps: list[float]) -> Iterator[AnthropicSource]:
    """A source with the admin key."""
    with AnthropicSource(api.admin_key, api.url, sleep=sleeps.append, clock=clock) as source:
        yield source
