"""The gateway double over real HTTP, and limit states to send to it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from bot.clients.enforcement.webhook import WebhookTarget
from bot.sandbox.gateway import Gateway

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
Body = Callable[..., bytes]


@pytest.fixture
def body() -> Body:
    """Makes the body of a limit state."""

    def make(version: int = 8, budget: str = "search", **changes: object) -> bytes:
        data: dict[str, object] = {
            "budget": budget,
            "version": version,
            "mode": "allow",
            "limit_usd": "15000.00",
            "allocation_usd": "12000.00",
            "spent_usd": "11840.12",
            "period": {"starts_at": "2026-11-01T04:00:00Z", "ends_at": "2026-12-01T05:00:00Z"},
            "until": "2026-11-30T05:00:00Z",
            "then": {"mode": "throttle", "limit_usd": "12000.00"},
            "applies_to": {"workspace_ids": ["wrkspc_1"], "api_key_ids": []},
            "reason": {"kind": "exception", "request": 42, "approved_by": "U024BE7LH"},
            **changes,
        }
        state = {"type": "budget.limit_state", "timestamp": "2026-11-23T14:02:11Z", "data": data}
        return json.dumps(state).encode()

    return make


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway that holds nothing yet."""
    with Gateway(clock=lambda: NOW) as gateway:
        yield gateway


@pytest.fixture
def target(gateway: Gateway) -> Iterator[WebhookTarget]:
    """The gateway as the target of the bot."""
    target = WebhookTarget(gateway.url, [gateway.secret])
    yield target
    target.close()
