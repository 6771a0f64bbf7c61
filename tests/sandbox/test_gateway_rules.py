"""The gateway double holds, falls back, counts and refuses as a real one would."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from bot.clock import utc_now
from bot.sandbox.gateway import Gateway, Holding, make_secret

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
UNTIL = datetime(2026, 11, 30, 5, 0, tzinfo=UTC)
PERIOD = {"starts_at": "2026-11-01T04:00:00Z", "ends_at": "2026-12-01T05:00:00Z"}


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway that holds nothing yet."""
    with Gateway(clock=lambda: NOW) as gateway:
        yield gateway


def post(gateway: Gateway, version: int, secret: str = "", **changes: Any) -> httpx.Response:
    """Sends a limit state, signed by the library itself."""
    data = {
        "budget": "search",
        "version": version,
        "mode": "allow",
        "limit_usd": "100.00",
        "spent_usd": "0.00",
        "period": PERIOD,
        "until": None,
        "then": None,
        **changes,
    }
    text = json.dumps({"type": "budget.limit_state", "timestamp": "", "data": data})
    at = utc_now()
    headers = {
        "webhook-id": f"search:{version}",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret or gateway.secret).sign(f"search:{version}", at, text),
    }
    with httpx.Client(trust_env=False) as client:
        return client.post(gateway.url, content=text, headers=headers)


def test_holds(gateway: Gateway) -> None:
    """What was sent is held; of a budget never heard of nothing is."""
    answer = post(gateway, 3)

    assert (200, {"budget": "search", "version": 3}) == (answer.status_code, answer.json())
    assert Holding(Decimal("100.00"), 3, "allow") == gateway.holds("search")
    assert Holding(None, 0, "allow") == gateway.holds("growth")


def test_drops_lower_versions(gateway: Gateway) -> None:
    """A lower version changes nothing and is answered with the one that is held."""
    post(gateway, 3)

    answer = post(gateway, 2, limit_usd="5.00")

    assert (409, {"budget": "search", "version": 3}) == (answer.status_code, answer.json())
    assert Decimal("100.00") == gateway.holds("search").limit
    assert ["applied", "older"] == [entry.outcome for entry in gateway.journal]


def test_same_version(gateway: Gateway) -> None:
    """The same version again is confirmed, and the first of the two counts."""
    post(gateway, 3)

    assert 200 == post(gateway, 3, limit_usd="5.00").status_code
    assert Decimal("100.00") == gateway.holds("search").limit


def test_falls_back(gateway: Gateway) -> None:
    """At `until` the gateway falls back by itself."""
    then = {"mode": "throttle", "limit_usd": "80.00"}
    post(gateway, 3, until="2026-11-30T05:00:00Z", then=then)
    gateway.clock = lambda: UNTIL - timedelta(seconds=1)
    before = gateway.holds("search")
    gateway.clock = lambda: UNTIL

    assert Holding(Decimal("100.00"), 3, "allow") == before
    assert Holding(Decimal("80.00"), 3, "throttle") == gateway.holds("search")


def test_wrong_signature(gateway: Gateway) -> None:
    """A signature by another secret is refused and noted."""
    assert 401 == post(gateway, 3, secret=make_secret()).status_code
    assert [("refused", 401)] == [(entry.outcome, entry.status) for entry in gateway.journal]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": ""}, "data.budget"),
        ({"version": 0}, "data.version"),
        ({"version": "3"}, "data.version"),
        ({"mode": "slow"}, "data.mode"),
        ({"limit_usd": 100}, "data.limit_usd"),
        ({"limit_usd": "-1"}, "data.limit_usd"),
        ({"period": None}, "data.period"),
        ({"until": "2026-11-30T05:00:00"}, "data.until"),
        ({"then": {"mode": "allow", "limit_usd": "x"}}, "data.then.limit_usd"),
    ],
    ids=map(str, range(9)),
)
def test_malformed(gateway: Gateway, change: dict[str, Any], message: str) -> None:
    """A state that is not as agreed is refused by its field."""
    answer = post(gateway, **{"version": 3, **change})

    assert 400 == answer.status_code
    assert message in answer.json()["error"]


def test_counts_up_to_the_limit(gateway: Gateway) -> None:
    """Requests pass while spend is below the limit; a raise lets them pass again."""
    post(gateway, 1)
    passed = [bool(gateway.request("search", 40)) for _ in range(4)]
    refused = gateway.request("search", 1)
    post(gateway, 2, limit_usd="150.00", spent_usd="120.00")

    assert [True, True, True, False] == passed
    assert "the limit of $100.00 is reached" == refused.reason
    assert gateway.request("search", 1)


def test_learns_spend_it_did_not_see(gateway: Gateway) -> None:
    """Spend that the bot knows of counts, even when it passed elsewhere."""
    post(gateway, 1, spent_usd="100.00")

    assert not gateway.request("search", 1)


def test_new_period(gateway: Gateway) -> None:
    """When the period is over, counting starts again."""
    post(gateway, 1)
    gateway.request("search", 100)
    full = gateway.request("search", 1)
    gateway.clock = lambda: datetime(2026, 12, 1, 5, tzinfo=UTC)

    assert (False, True) == (bool(full), bool(gateway.request("search", 1)))


@pytest.mark.parametrize(("mode", "expected"), [("allow", 8), ("throttle", 2), ("block", 0)])
def test_modes(gateway: Gateway, mode: str, expected: int) -> None:
    """Block lets nothing through, throttle one request in four."""
    post(gateway, 1, mode=mode)

    assert expected == sum(bool(gateway.request("search", 1)) for _ in range(8))


def test_state_over_http(gateway: Gateway) -> None:
    """What is in force can be read back."""
    post(gateway, 3)
    gateway.request("search", "12.5")
    with httpx.Client(trust_env=False) as client:
        shown = client.get(gateway.url).json()

    assert gateway.state() == shown
    assert (3, "100.00", "12.50") == (
        shown["search"]["version"],
        shown["search"]["limit_usd"],
        shown["search"]["spent_usd"],
    )


def test_loses_its_state(gateway: Gateway) -> None:
    """A gateway can forget, or come back with an old state."""
    post(gateway, 3)
    old = gateway.snapshot()
    post(gateway, 4)
    gateway.restore(old)
    restored = gateway.holds("search").version
    gateway.forget("search")

    assert (3, 0) == (restored, gateway.holds("search").version)
