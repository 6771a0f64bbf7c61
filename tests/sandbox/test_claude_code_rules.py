"""The usage API double keeps the documented rules of the Claude Code report."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.usage import Tokens
from bot.sandbox.usage import UsageApi

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = "ann@search.example.com"
HEADERS = {"x-api-key": UsageApi.admin_key, "anthropic-version": "2023-06-01"}
EXAMPLE = Path(__file__).parents[3] / "shared/data/anthropic/claude_code.json"


class Hand:
    """A clock that stands until it is moved."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Hand:
    """The API's clock."""
    return Hand()


@pytest.fixture
def api(clock: Hand) -> Iterator[UsageApi]:
    """A usage API that has spent nothing yet."""
    with UsageApi(clock) as api:
        yield api


def get(
    api: UsageApi, asked: Mapping[str, str], headers: Mapping[str, str] = HEADERS
) -> httpx.Response:
    """One request, for today unless told otherwise."""
    parameters = {"starting_at": "2026-11-23", **asked}
    with httpx.Client(trust_env=False) as client:
        return client.get(
            f"{api.url}/v1/organizations/usage_report/claude_code",
            params={name: value for name, value in parameters.items() if value != "-"},
            headers=dict(headers),
        )


def page(api: UsageApi, **asked: str) -> dict[str, Any]:
    """One page, which must be there."""
    answer = get(api, asked)
    assert 200 == answer.status_code, answer.text
    body: dict[str, Any] = answer.json()
    return body


def use(api: UsageApi, who: str | None, at: datetime, **more: Any) -> None:
    """Somebody uses Claude Code for a dollar."""
    api.spend(at, "1", actor=who, product="claude_code", **more)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"starting_at": "-"}, "starting_at: Field required"),
        ({"starting_at": "2026-11-23T00:00:00Z"}, "starting_at: Input should be a date"),
        ({"starting_at": "20261123"}, "starting_at: Input should be a date"),
        ({"starting_at": "2026-02-30"}, "starting_at: Input should be a date"),
        ({"ending_at": "2026-11-24"}, "ending_at: Extra inputs"),
        ({"limit": "1001"}, "limit: must be between 1 and 1000"),
        ({"limit": "0"}, "limit: must be between 1 and 1000"),
        ({"page": "page_2026-11-22_1"}, "page: not a cursor of this query"),
        ({"page": "page_2026-11-23_99"}, "page: not a cursor of this query"),
    ],
    ids=str,
)
def test_rules(api: UsageApi, asked: dict[str, str], message: str) -> None:
    """Each rule that a query breaks is a 400 that says which."""
    answer = get(api, asked)

    assert 400 == answer.status_code
    assert message in answer.json()["error"]["message"]


def test_keys(api: UsageApi) -> None:
    """Only an admin key opens the report."""
    analytics = {**HEADERS, "x-api-key": UsageApi.analytics_key}

    assert (403, 401) == (
        get(api, {}, analytics).status_code,
        get(api, {}, {**HEADERS, "x-api-key": "x"}).status_code,
    )


def test_an_hour_late(api: UsageApi, clock: Hand) -> None:
    """Usage shows once it is older than an hour, and on its own UTC day."""
    use(api, ANN, NOW)
    early = page(api)["data"]
    clock.now = NOW + HOUR - timedelta(seconds=1)
    still = page(api)["data"]
    clock.now = NOW + HOUR

    assert ([], [], 1) == (early, still, len(page(api)["data"]))
    assert [] == page(api, starting_at="2026-11-22")["data"]


def test_pages(api: UsageApi) -> None:
    """Twenty records a page when nothing is asked for, and every record once."""
    for number in range(45):
        use(api, f"p{number:02d}@example.com", NOW - 2 * HOUR)
    sizes: list[int] = []
    seen: list[str] = []
    cursor: str | None = "-"
    while cursor is not None:
        body = page(api, page=cursor)
        sizes.append(len(body["data"]))
        seen += [record["actor"]["email_address"] for record in body["data"]]
        cursor = body["next_page"]
        assert (cursor is not None) == body["has_more"]

    assert [20, 20, 5] == sizes
    assert 45 == len(set(seen))


def test_actors(api: UsageApi) -> None:
    """People by address, keys by name, and nobody else; a terminal has a record of its own."""
    use(api, ANN, NOW - 2 * HOUR)
    use(api, ANN, NOW - 2 * HOUR, dimensions={"terminal_type": "tmux"})
    use(api, None, NOW - 2 * HOUR, api_key="ci")
    use(api, None, NOW - 2 * HOUR, api_key="shared", dimensions={"claude_code_person": "b@x.org"})
    use(api, "service:svac_1", NOW - 2 * HOUR)
    use(api, None, NOW - 2 * HOUR)
    api.spend(NOW - 2 * HOUR, "1", actor="eve@example.com")

    found = [(record["actor"], record["terminal_type"]) for record in page(api)["data"]]

    assert [
        ({"type": "api_actor", "api_key_name": "ci"}, "vscode"),
        ({"type": "user_actor", "email_address": ANN}, "tmux"),
        ({"type": "user_actor", "email_address": ANN}, "vscode"),
        ({"type": "user_actor", "email_address": "b@x.org"}, "vscode"),
    ] == found


def test_figures(api: UsageApi) -> None:
    """Tokens and cents of a model are added up; cents are a number, at list price."""
    use(api, ANN, NOW - 2 * HOUR, list_usd="1.25", tokens=Tokens(1, 2, 3, 4, 5))
    use(api, ANN, NOW - 3 * HOUR, list_usd="0.755", tokens=Tokens(10))
    use(api, ANN, NOW - 3 * HOUR, model="claude-haiku-5-5")

    haiku, opus = page(api)["data"][0]["model_breakdown"]

    assert ("claude-haiku-5-5", 100) == (haiku["model"], haiku["estimated_cost"]["amount"])
    assert {"currency": "USD", "amount": 200.5} == opus["estimated_cost"]
    assert {"input": 11, "output": 5, "cache_read": 2, "cache_creation": 7} == opus["tokens"]


@pytest.mark.skipif(not EXAMPLE.is_file(), reason="the example body is not here")
def test_shape(api: UsageApi) -> None:
    """The double has the keys of the example body, at every depth, for people and for keys."""
    use(api, None, NOW - 2 * HOUR, api_key="ci")
    use(api, ANN, NOW - 2 * HOUR)
    documented, ours = json.loads(EXAMPLE.read_text()), page(api)

    assert _keys(documented) == _keys(ours)
    assert _records(documented) == _records(ours)


def _records(body: dict[str, Any]) -> dict[str, object]:
    """The shape of a record by who it is of."""
    return {record["actor"]["type"]: _keys(record) for record in body["data"]}


def _keys(value: object) -> object:
    """Keys and kinds of value; of a list, the shape of its first entry."""
    if isinstance(value, dict):
        return {name: _keys(entry) for name, entry in value.items() if name != "data"}
    if isinstance(value, list):
        return [_keys(entry) for entry in value[:1]]
    return type(value).__name__
