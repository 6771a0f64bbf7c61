"""The whole way on the real gateway: refused at the limit, asked for and approved in Slack, let through."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import utc_now
from tests.gateways.gateway import Gateway
from tests.gateways.provider import COST
from tests.story.town import POLICY, Town, town

LIMIT = "0.50"  # dollars; a call costs $0.21
HEAD = POLICY.split("unattributed:")[0].replace("max_percent: 50", "max_percent: 100")


@pytest.fixture
def team(gateway: Gateway) -> tuple[str, str, str]:
    """The endpoint that the team calls, by name and id, and the policy on it, which has room."""
    name, endpoint = gateway.add_endpoint()
    return name, endpoint, gateway.add_policy(endpoint, limit=100)


@pytest.fixture
def acme(
    team: tuple[str, str, str], mlflow_url: str, tmp_path: Path, database_url: str
) -> Iterator[Town]:
    """Search may spend $0.50 through the gateway, which is what is read and what is held."""
    _, endpoint, policy = team
    text = (
        HEAD.replace("{up_to: 50%", "{up_to: 100%")
        + f"""\
sources: [{{kind: mlflow}}]
unattributed: {{owner: ops@example.com}}
budgets:
  - id: search
    name: Search ranking
    owner: dana@example.com
    limit: {LIMIT}
    at_limit: block
    match: [{{team: "{endpoint}"}}]
    enforce: {{mlflow: {{policy: "{policy}"}}}}
"""
    )
    more = {"MLFLOW_BASE_URL": mlflow_url, "ENFORCEMENT_WEBHOOK_URL": ""}
    with town(tmp_path, database_url, "http", utc_now(), text, **more) as place:
        place.clock.run(0)
        place.turn()
        yield place


def test_refused_approved_let_through_and_refused(
    acme: Town, gateway: Gateway, team: tuple[str, str, str]
) -> None:
    """What the approver clicks decides whether a call passes, for as long as was approved."""
    endpoint, _, policy = team
    for count in range(1, 4):
        assert 200 == gateway.complete(endpoint).status_code
        gateway.wait_for_spend(policy, count * COST / 1e6)
    assert 429 == gateway.complete(endpoint).status_code
    acme.goes_to(utc_now() + timedelta(minutes=10))
    assert acme.last_dm("dana").text.startswith(
        "exhausted: Search ranking has spent $0.63 of $0.50"
    )

    acme.person("dana").types("/budget request search 0.50 launch week")
    acme.settles()
    card = acme.last_dm("fin")
    acme.person("fin").presses("request:approve", card)
    acme.slack.wait_until(lambda: "✓" in acme.last_dm("fin").text)
    assert "Limit lifted to $1 ✓" in acme.last_dm("fin").text
    assert 200 == gateway.complete(endpoint).status_code
    gateway.wait_for_spend(policy, 4 * COST / 1e6)

    acme.goes_to(acme.clock() + timedelta(days=32))
    assert "The exception is over; the limit is back ✓" in acme.last_dm("dana").text
    assert 429 == gateway.complete(endpoint).status_code
