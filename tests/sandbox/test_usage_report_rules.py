"""The usage API double keeps the documented rules of the two older reports."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.usage import Tokens
from bot.sandbox.usage import UsageApi

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TOKENS = Tokens(100, 20, 30, 40, 50)
USAGE = "usage_report/messages"
COST = "cost_report"
HEADERS = {"x-api-key": UsageApi.admin_key, "anthropic-version": "2023-06-01"}
HOURS = {"starting_at": "2026-11-23T00:00:00Z", "bucket_width": "1h"}
DAYS = {"starting_at": "2026-11-21T00:00:00Z"}
EXAMPLES = Path(__file__).parents[3] / "shared/data/anthropic"
GROUPS = [
    "account_id",
    "api_key_id",
    "context_window",
    "inference_geo",
    "model",
    "service_account_id",
    "service_tier",
    "workspace_id",
]


@pytest.fixture
def api() -> Iterator[UsageApi]:
    """A usage API that has spent nothing yet."""
    with UsageApi(lambda: NOW) as api:
        yield api


def get(
    api: UsageApi,
    path: str,
    parameters: Mapping[str, str | list[str]],
    headers: Mapping[str, str] = HEADERS,
) -> httpx.Response:
    """One request, as a client without any convenience sends it."""
    with httpx.Client(trust_env=False) as client:
        return client.get(
            f"{api.url}/v1/organizations/{path}",
            params={name: value for name, value in parameters.items() if value != ""},
            headers=dict(headers),
        )


def page(api: UsageApi, path: str, parameters: Mapping[str, str | list[str]]) -> dict[str, Any]:
    """One page, which must be there."""
    answer = get(api, path, parameters)
    assert 200 == answer.status_code, answer.text
    body: dict[str, Any] = answer.json()
    return body


def results(
    api: UsageApi, path: str, parameters: Mapping[str, str | list[str]]
) -> list[dict[str, Any]]:
    """The results of all the buckets of one page."""
    buckets = page(api, path, parameters)["data"]
    return [result for bucket in buckets for result in bucket["results"]]


@pytest.mark.parametrize(
    ("path", "change", "message"),
    [
        (USAGE, {"starting_at": ""}, "starting_at: Field required"),
        (USAGE, {"starting_at": "yesterday"}, "starting_at: Input should be a valid datetime"),
        (USAGE, {"starting_at": "2026-11-23T00:00:00"}, "should have timezone"),
        (USAGE, {"ending_at": "2026-11-23T00:00:00Z"}, "ending date must be after starting"),
        (USAGE, {"starting_at": "2026-11-24T00:00:00Z"}, "ending date must be after starting"),
        (USAGE, {"bucket_width": "2h"}, "bucket_width: Input should be one of 1d, 1h, 1m"),
        (USAGE, {"limit": "169"}, "limit: must be between 1 and 168 for bucket_width=1h"),
        (USAGE, {"limit": "0"}, "limit: must be between 1 and 168"),
        (USAGE, {"limit": "ten"}, "limit: must be between 1 and 168"),
        (USAGE, {"limit": "32", "bucket_width": "1d"}, "between 1 and 31"),
        (USAGE, {"limit": "1441", "bucket_width": "1m"}, "between 1 and 1440"),
        (USAGE, {"group_by[]": ["actor"]}, "group_by: Input should be one of account_id"),
        (USAGE, {"group_by[]": ["product"]}, "group_by: Input should be one of"),
        (USAGE, {"group_by": "model"}, "group_by: Extra inputs"),
        (USAGE, {"context_windows[]": ["0-200k"]}, "context_windows[]: Extra inputs"),
        (USAGE, {"context_window[]": ["huge"]}, "context_window: Input should be one of"),
        (USAGE, {"service_tiers[]": ["slow"]}, "service_tiers: Input should be one of"),
        (USAGE, {"time_bucket_width": "1h"}, "time_bucket_width: Extra inputs"),
        (USAGE, {"page": "page_zz"}, "page: not a cursor of this query"),
        (USAGE, {"page": "page_MjAyNS0wNS0xNFQwMDowMDowMFo="}, "page: not a cursor of this"),
        (USAGE, {"page": ""}, None),
        (COST, {"bucket_width": "1h"}, "bucket_width: Input should be one of 1d"),
        (COST, {"bucket_width": "1d", "limit": "32"}, "limit: must be between 1 and 31"),
        (COST, {"bucket_width": "1d", "group_by[]": ["model"]}, "one of workspace_id, descr"),
        (COST, {"bucket_width": "1d", "models[]": ["x"]}, "models[]: Extra inputs"),
        (COST, {"bucket_width": "1d"}, "Invalid date range"),
    ],
    ids=map(str, range(26)),
)
def test_rules(
    api: UsageApi, path: str, change: dict[str, str | list[str]], message: str | None
) -> None:
    """Each rule that a query breaks is a 400 that says which."""
    answer = get(api, path, {**HOURS, **change})

    assert (200 if message is None else 400) == answer.status_code
    assert (message or "") in answer.json().get("error", {"message": ""})["message"]


@pytest.mark.parametrize("path", [USAGE, COST])
def test_keys(api: UsageApi, path: str) -> None:
    """Only an admin key opens the older reports, and no beta header is needed."""
    analytics = {**HEADERS, "x-api-key": UsageApi.analytics_key}

    assert 200 == get(api, path, DAYS).status_code
    assert 403 == get(api, path, DAYS, analytics).status_code
    assert 401 == get(api, path, DAYS, {**HEADERS, "x-api-key": "x"}).status_code


@pytest.mark.parametrize("asked", [{"group_by[]": ["speed"]}, {"speeds[]": ["fast"]}])
def test_speed_is_in_beta(api: UsageApi, asked: dict[str, str | list[str]]) -> None:
    """Speed is told to those only who send the header of its beta."""
    with_beta = {**HEADERS, "anthropic-beta": "fast-mode-2026-02-01"}

    assert 400 == get(api, USAGE, {**HOURS, **asked}).status_code
    assert 200 == get(api, USAGE, {**HOURS, **asked}, with_beta).status_code


@pytest.mark.parametrize(("width", "expected"), [("1d", 7), ("1h", 24), ("1m", 60)])
def test_default_limits(api: UsageApi, width: str, expected: int) -> None:
    """Without a limit a page has so many buckets, and empty ones are there too."""
    asked = {"starting_at": "2026-11-01T00:00:00Z", "bucket_width": width}

    body = page(api, USAGE, asked)

    assert (expected, True) == (len(body["data"]), body["has_more"])
    assert {()} == {tuple(bucket["results"]) for bucket in body["data"]}


def test_pages(api: UsageApi) -> None:
    """The pages follow each other up to the present bucket, and the last one says so."""
    asked = {"starting_at": "2026-11-01T00:30:00Z", "bucket_width": "1h", "limit": "168"}
    starts: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        body = page(api, USAGE, {**asked, "page": cursor})
        starts += [bucket["starting_at"] for bucket in body["data"]]
        cursor = body["next_page"]
        assert (cursor is not None) == body["has_more"]

    assert ("2026-11-01T00:00:00Z", "2026-11-23T14:00:00Z") == (starts[0], starts[-1])
    assert 22 * 24 + 15 == len(starts) == len(set(starts))


def test_default_workspace_and_workbench(api: UsageApi) -> None:
    """The default workspace and the Workbench are null; what is not grouped by is null too."""
    workspace = api.add_workspace("team-search")
    api.spend(NOW - HOUR, "1", tokens=TOKENS, actor="dana@example.com")
    api.spend(NOW - HOUR, "1", tokens=TOKENS, workspace="team-search", api_key="prod")

    grouped = results(api, USAGE, {**HOURS, "group_by[]": ["workspace_id", "api_key_id"]})

    assert {None, workspace} == {row["workspace_id"] for row in grouped}
    assert [None] == [row["api_key_id"] for row in grouped if row["workspace_id"] is None]
    assert {None} == {row["account_id"] for row in grouped}


def test_figures(api: UsageApi) -> None:
    """Tokens of one group are added up, and no group loses any."""
    api.spend(NOW - HOUR, "1", tokens=TOKENS, web_searches=2)
    api.spend(NOW - HOUR, "1", tokens=TOKENS, web_searches=1)

    [row] = results(api, USAGE, HOURS)

    assert (200, 40, 100) == (
        row["uncached_input_tokens"],
        row["cache_read_input_tokens"],
        row["output_tokens"],
    )
    assert {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 80} == (
        row["cache_creation"]
    )
    assert {"web_search_requests": 3} == row["server_tool_use"]


def test_code_execution_is_left_out(api: UsageApi) -> None:
    """The usage report knows no code execution, the cost report does."""
    api.spend(NOW - DAY, "3.15", model=None, tokens=TOKENS, cost_type="code_execution")

    assert [] == results(api, USAGE, {**DAYS})
    assert ["315.00"] == [row["amount"] for row in results(api, COST, DAYS)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"models[]": ["claude-haiku-4-5"]}, 1),
        ({"models[]": ["claude-haiku-4-5", "claude-opus-5-5"]}, 3),
        ({"service_tiers[]": ["batch"]}, 1),
        ({"context_window[]": ["0-200k"]}, 3),
        ({"context_window[]": ["200k-1M"]}, 0),
        ({"inference_geos[]": ["not_available"]}, 2),
        ({"inference_geos[]": ["us"]}, 1),
        ({"workspace_ids[]": ["wrkspc_none"]}, 0),
    ],
)
def test_filters(api: UsageApi, asked: dict[str, list[str]], expected: int) -> None:
    """A filter keeps what has one of its values."""
    api.spend(NOW - HOUR, "1", tokens=TOKENS, model="claude-haiku-4-5")
    api.spend(NOW - HOUR, "1", tokens=TOKENS, dimensions={"service_tier": "batch"})
    api.spend(NOW - HOUR, "1", tokens=TOKENS, dimensions={"inference_geo": "us"})

    assert expected == len(results(api, USAGE, {**HOURS, "group_by[]": GROUPS, **asked}))


def test_accounts(api: UsageApi) -> None:
    """People and service accounts have a dimension each, and a filter for people."""
    user = api.add_user("dana@example.com")
    api.spend(NOW - HOUR, "1", tokens=TOKENS, actor="dana@example.com")
    api.spend(NOW - HOUR, "1", tokens=TOKENS, actor="service:svac_1")
    api.spend(NOW - HOUR, "1", tokens=TOKENS, api_key="prod")

    rows = results(api, USAGE, {**HOURS, "group_by[]": GROUPS})
    [own] = results(api, USAGE, {**HOURS, "group_by[]": GROUPS, "account_ids[]": [user]})

    named = {(row["account_id"], row["service_account_id"]) for row in rows}
    assert {(user, None), (None, "svac_1"), (None, None)} == named
    assert user == own["account_id"]


def test_cost_by_description(api: UsageApi) -> None:
    """Cost is split by kind of token to the last fraction of a cent, without Priority Tier."""
    workspace = api.add_workspace("team-search")
    api.spend(NOW - DAY, "4.1234567", "9", tokens=TOKENS, workspace="team-search")
    api.spend(NOW - DAY, "50", tokens=TOKENS, dimensions={"service_tier": "priority"})

    rows = results(api, COST, {**DAYS, "group_by[]": ["workspace_id", "description"]})

    assert Decimal("412.34567") == sum(Decimal(row["amount"]) for row in rows)
    assert 5 == len(rows)
    assert "Claude Opus 5.5 Usage - Input Tokens" in {row["description"] for row in rows}
    assert {workspace} == {row["workspace_id"] for row in rows}


def test_cost_without_groups(api: UsageApi) -> None:
    """Without groups a day is one amount, in cents, and all else is null."""
    api.spend(NOW - DAY, "1", tokens=TOKENS)
    api.spend(NOW - DAY, "2", workspace="team-search", cost_type="web_search", web_searches=1)
    api.spend(NOW - HOUR, "4", tokens=TOKENS)  # of today, which is not told yet

    [row] = results(api, COST, DAYS)

    assert Decimal(300) == Decimal(row.pop("amount"))
    assert "USD" == row.pop("currency")
    assert {None} == set(row.values())


def test_both_reports_tell_the_same_spend(api: UsageApi) -> None:
    """Cents by day are those of the analytics report."""
    api.spend(NOW - DAY, "1.25", tokens=TOKENS)
    api.spend(NOW - 2 * DAY, "0.75", tokens=TOKENS)
    analytics = get(
        api,
        "analytics/cost",
        {"starting_at": "2026-11-21T00:00:00Z", "ending_at": "2026-11-23T00:00:00Z"},
        {**HEADERS, "anthropic-beta": "analytics-usage-cost-2026-08-24"},
    ).json()["data"]

    older = results(api, COST, DAYS)

    assert sum(Decimal(row["cost"]["amount"]) for row in analytics) == sum(
        Decimal(row["amount"]) for row in older
    )


@pytest.mark.parametrize(
    ("refresh_lag", "older_lag", "expected"),
    [
        (timedelta(0), None, [1, 4, 60]),
        (timedelta(minutes=3), None, [4, 60]),
        (HOUR / 2, None, [60]),
        (HOUR / 2, timedelta(0), [1, 4, 60]),
        (timedelta(0), HOUR / 2, [60]),
    ],
)
def test_how_far_behind(
    api: UsageApi, refresh_lag: timedelta, older_lag: timedelta | None, expected: list[int]
) -> None:
    """The older usage report is five minutes behind, and never more than the analytics reports unless told."""
    api.refresh_lag, api.older_lag = refresh_lag, older_lag
    for minutes in (1, 4, 60):
        api.spend(NOW - timedelta(minutes=minutes), "1", tokens=TOKENS)
    minute = {**HOURS, "bucket_width": "1m", "limit": "1440"}

    shown = [b["starting_at"] for b in page(api, USAGE, minute)["data"] if b["results"]]

    assert [f"{NOW - timedelta(minutes=m):%FT%TZ}" for m in reversed(expected)] == shown


@pytest.mark.parametrize(("hours", "expected"), [(14, [1, 1]), (15, [1, 0]), (39, [0, 0])])
def test_days_that_are_billed_later(api: UsageApi, hours: int, expected: list[int]) -> None:
    """A day that is over and not billed yet is a bucket without results."""
    api.spend(NOW - DAY, "1", tokens=TOKENS)
    api.spend(NOW - 2 * DAY, "1", tokens=TOKENS)
    api.cost_lag = hours * HOUR

    buckets = page(api, COST, DAYS)["data"]

    assert expected == [len(bucket["results"]) for bucket in buckets]


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the example bodies are not here")
@pytest.mark.parametrize(
    ("path", "example", "asked"),
    [
        (USAGE, "usage_report_messages.json", {**HOURS, "group_by[]": GROUPS}),
        (COST, "cost_report.json", {**DAYS, "group_by[]": ["workspace_id", "description"]}),
    ],
)
def test_shapes(api: UsageApi, path: str, example: str, asked: dict[str, str | list[str]]) -> None:
    """The double has the keys of the example bodies, at every depth."""
    api.spend(NOW - HOUR, "1", tokens=TOKENS)
    api.spend(NOW - DAY, "1", tokens=TOKENS)
    documented = json.loads((EXAMPLES / example).read_text())

    assert _shape(documented) == _shape(page(api, path, asked))


def _shape(value: object) -> object:
    """Keys only; of a list, the shape of its fullest entry."""
    if isinstance(value, dict):
        return {name: _shape(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return max(
            (_shape(entry) for entry in value), key=lambda shape: len(repr(shape)), default=None
        )
    return None
