"""The usage API double keeps the documented rules of the reports, of keys and of pages."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bot.domain.usage import Tokens
from bot.sandbox.usage import UsageApi

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
HEADERS = {
    "x-api-key": UsageApi.admin_key,
    "anthropic-version": "2026-10-21",
    "anthropic-beta": "analytics-usage-cost-2026-08-24",
}
TODAY = {"starting_at": "2026-11-23T00:00:00Z", "ending_at": "2026-11-24T00:00:00Z"}
HOURS = {**TODAY, "time_bucket_width": "1h"}


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
            headers={name: value for name, value in headers.items() if value},
        )


def rows(api: UsageApi, report: str, **parameters: Any) -> list[dict[str, Any]]:
    """The rows of one page."""
    answer = get(api, f"analytics/{report}", {**HOURS, **parameters})
    assert 200 == answer.status_code, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starting_at": ""}, "starting_at: Field required"),
        ({"starting_at": "yesterday"}, "starting_at: Input should be a valid datetime"),
        ({"starting_at": "2026-11-23T00:00:00"}, "starting_at: Input should have timezone"),
        ({"starting_at": "2025-12-31T23:59:59Z"}, "not be before 2026-01-01"),
        ({"ending_at": ""}, "ending_at: required when time_bucket_width"),
        ({"ending_at": "2026-11-23T00:00:00Z"}, "ending date must be after starting date"),
        ({"ending_at": "2026-12-24T00:00:01Z"}, "at most 31 days"),
        (
            {"time_bucket_width": "1m", "ending_at": "2026-11-24T00:00:01Z"},
            "at most 24 hours",
        ),
        ({"time_bucket_width": "2h"}, "time_bucket_width: Input should be one of"),
        ({"group_by[]": ["team"]}, "group_by: Input should be one of"),
        (
            {"group_by[]": ["actor", "model", "product", "speed", "api_key_id", "workspace_id"]},
            "group_by: at most 5",
        ),
        ({"group_by[]": ["claude_tag_user_id", "rbac_group_id"]}, "cannot be combined"),
        ({"limit": "0"}, "limit: must be between 1 and 1000"),
        ({"limit": "1001"}, "limit: must be between 1 and 1000"),
        ({"limit": "ten"}, "limit: must be between 1 and 1000"),
        ({"order": "up"}, "order: Input should be one of"),
        ({"order_by": "total_tokens"}, "order_by: Input should be one of amount"),
        ({"page": "page_zz_1"}, "page: not a cursor of this query"),
        ({"page": "x"}, "page: not a cursor of this query"),
        ({"group_by": "model"}, "group_by: Extra inputs"),
        ({"color": "red"}, "color: Extra inputs"),
        ({"speeds[]": ["slow"]}, "speeds: Input should be one of"),
        ({"actor_ids[]": ["user_1"] * 101}, "actor_ids: at most 100"),
        ({"exclude_deleted_users": "true"}, "requires group_by"),
    ],
    ids=map(str, range(24)),
)
def test_rules(api: UsageApi, change: dict[str, str | list[str]], message: str) -> None:
    """Each rule that a query breaks is a 400 that says which."""
    answer = get(api, "analytics/cost", {**HOURS, **change})

    assert (400, "error") == (answer.status_code, answer.json()["type"])
    assert "invalid_request_error" == answer.json()["error"]["type"]
    assert message in answer.json()["error"]["message"]
    assert answer.headers["request-id"] == answer.json()["request_id"]


def test_a_year_back(api: UsageApi) -> None:
    """More than 365 days back is refused."""
    api.clock = lambda: NOW.replace(year=2027)

    answer = get(api, "analytics/cost", {**HOURS, "starting_at": "2026-11-22T00:00:00Z"})

    assert "within the last 365 days" in answer.json()["error"]["message"]


def test_five_groups_and_fan_out(api: UsageApi) -> None:
    """Cost and token type do not count among the five groups."""
    groups = ["actor", "model", "product", "api_key_id", "workspace_id", "cost_type", "token_type"]

    assert [] == rows(api, "cost", **{"group_by[]": groups})


@pytest.mark.parametrize(
    ("headers", "path", "status", "type_"),
    [
        ({"x-api-key": ""}, "me", 401, "authentication_error"),
        ({"x-api-key": "sk-wrong"}, "me", 401, "authentication_error"),
        ({"x-api-key": UsageApi.analytics_key}, "me", 403, "permission_error"),
        ({"x-api-key": UsageApi.analytics_key}, "analytics/cost", 200, None),
        (
            {"x-api-key": "", "authorization": f"Bearer {UsageApi.admin_key}"},
            "analytics/cost",
            200,
            None,
        ),
        ({"anthropic-version": ""}, "analytics/cost", 400, "invalid_request_error"),
        ({"anthropic-beta": ""}, "analytics/cost", 400, "invalid_request_error"),
        ({"anthropic-beta": "a,analytics-usage-cost-2026-08-24"}, "analytics/cost", 200, None),
        ({}, "nowhere", 404, "not_found_error"),
    ],
    ids=map(str, range(9)),
)
def test_credentials(
    api: UsageApi, headers: dict[str, str], path: str, status: int, type_: str | None
) -> None:
    """Keys open what their scope says, in either header, with version and beta."""
    parameters = HOURS if path.startswith("analytics") else {}
    answer = get(api, path, parameters, {**HEADERS, **headers})

    assert status == answer.status_code
    assert type_ == answer.json().get("error", {}).get("type")


def test_default_limit_and_pages(api: UsageApi) -> None:
    """Twenty rows come unasked; the cursor leads to the rest, and only for the same query."""
    for number in range(25):
        api.spend(NOW - HOUR, "1", model=f"m{number}")
    asked: dict[str, str | list[str]] = {**HOURS, "group_by[]": ["model"]}
    first = get(api, "analytics/cost", asked).json()
    api.spend(NOW - HOUR, "100", model="late")
    second = get(api, "analytics/cost", {**asked, "page": first["next_page"]}).json()
    other = get(api, "analytics/usage", {**asked, "page": first["next_page"]})

    assert (20, True) == (len(first["data"]), first["has_more"])
    assert (5, False, None) == (len(second["data"]), second["has_more"], second["next_page"])
    assert 25 == len({row["group"]["model"] for row in first["data"] + second["data"]})
    assert 400 == other.status_code


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["3", "2", "1"]),
        ({"order": "asc"}, ["1", "2", "3"]),
        ({"order_by": "time"}, ["1", "2", "3"]),
        ({"order_by": "time", "order": "asc"}, ["3", "2", "1"]),
        ({"order_by": "list_amount"}, ["1", "2", "3"]),
    ],
    ids=map(str, range(5)),
)
def test_order(api: UsageApi, asked: dict[str, str], expected: list[str]) -> None:
    """Rows come by amount, the highest first, unless another order is asked for."""
    for hours in (1, 2, 3):
        api.spend(NOW - hours * HOUR, str(hours), str(10 - hours))

    amounts = [Decimal(row["cost"]["amount"]) / 100 for row in rows(api, "cost", **asked)]

    assert [Decimal(amount) for amount in expected] == amounts


def test_without_buckets(api: UsageApi) -> None:
    """Without buckets both bounds are rounded down to the hour, so the present hour is missing."""
    api.spend(NOW, "1")
    api.spend(NOW - HOUR, "2")
    asked = {"starting_at": "2026-11-23T00:30:00Z"}

    [row] = get(api, "analytics/cost", asked).json()["data"]

    assert ("2026-11-23T00:00:00Z", "2026-11-23T14:00:00Z", "200.000000") == (
        row["starting_at"],
        row["ending_at"],
        row["cost"]["amount"],
    )


def test_token_types(api: UsageApi) -> None:
    """By token type the parts of a cost sum to it exactly; requests are not told apart."""
    api.spend(NOW - HOUR, "0.010001", tokens=Tokens(100, 20, 30, 40, 50))
    api.spend(NOW - HOUR, "5", cost_type="web_search")

    parts = rows(api, "cost", **{"group_by[]": ["token_type"]})
    both = rows(api, "cost", **{"group_by[]": ["token_type", "cost_type"], "limit": "1"})

    assert Decimal("1.0001") == sum(Decimal(row["cost"]["amount"]) for row in parts)
    assert ({None}, 5) == ({row["cost"]["requests"] for row in parts}, len(parts))
    assert 6 == len(both)


def test_overlapping_groups(api: UsageApi) -> None:
    """Somebody in two RBAC groups counts fully in both."""
    api.add_user("dana@example.com", "Dana", groups=["rbac_group_a", "rbac_group_b"])
    api.spend(NOW - HOUR, "1", actor="dana@example.com")

    grouped = rows(api, "cost", **{"group_by[]": ["rbac_group_id"]})

    assert ["100.000000", "100.000000"] == [row["cost"]["amount"] for row in grouped]


def test_unrenderable_actors(api: UsageApi) -> None:
    """Identities that cannot be rendered read null, each as a row of its own."""
    for who in ("a", "b"):
        api.spend(NOW - HOUR, "1", actor=f"unrenderable:{who}")

    grouped = rows(api, "cost", **{"group_by[]": ["actor"]})

    assert [None, None] == [row["group"]["actor"] for row in grouped]


def test_deleted_user(api: UsageApi) -> None:
    """A deleted account keeps its id, loses its address, and can be left out."""
    user = api.add_user("dana@example.com", "Dana")
    api.spend(NOW - HOUR, "1", actor=user)
    api.delete_user(user)

    [row] = rows(api, "cost", **{"group_by[]": ["actor"]})
    left = rows(api, "cost", **{"group_by[]": ["actor"], "exclude_deleted_users": "true"})

    assert (user, None, True) == (
        row["group"]["actor"]["user_id"],
        row["group"]["actor"]["email_address"],
        row["group"]["actor"]["deleted"],
    )
    assert [] == left


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"models[]": ["a"]}, "1"),
        ({"models[]": ["a", "b"]}, "3"),
        ({"api_key_ids[]": [""]}, "2"),
        ({"actor_types[]": ["user_actor"]}, "2"),
        ({"service_tiers[]": ["batch"]}, None),
        ({"inference_geos[]": ["not_available"]}, "3"),
    ],
    ids=map(str, range(6)),
)
def test_filters(api: UsageApi, asked: dict[str, list[str]], expected: str | None) -> None:
    """Filters choose what is summed, with their special entries for usage without a value."""
    api.spend(NOW - HOUR, "1", model="a", api_key="prod")
    api.spend(NOW - HOUR, "2", model="b", actor="dana@example.com")

    found = [Decimal(row["cost"]["amount"]) / 100 for row in rows(api, "cost", **asked)]

    assert ([] if expected is None else [Decimal(expected)]) == found


def test_lag_and_freeze(api: UsageApi) -> None:
    """Spend shows once the data has caught up with it, and not while the data stands still."""
    api.refresh_lag = timedelta(minutes=30)
    api.spend(NOW - timedelta(minutes=10), "1")
    before = rows(api, "cost")
    api.freeze()
    api.clock = lambda: NOW + HOUR
    frozen = rows(api, "cost")
    api.thaw()

    assert ([], [], 1) == (before, frozen, len(rows(api, "cost")))


@pytest.mark.parametrize("path", ["workspaces", "api_keys", "users"])
def test_lists_in_both_directions(api: UsageApi, path: str) -> None:
    """Lists are read forwards by after_id and backwards by before_id."""
    for number in range(3):
        api.add_workspace(f"w{number}")
        api.add_api_key(f"k{number}")
        api.add_user(f"u{number}@example.com")
    first = get(api, path, {"limit": "2"}).json()
    second = get(api, path, {"limit": "2", "after_id": first["last_id"]}).json()
    back = get(api, path, {"limit": "2", "before_id": second["first_id"]}).json()

    assert ((2, True), (1, False)) == (
        (len(first["data"]), first["has_more"]),
        (len(second["data"]), second["has_more"]),
    )
    assert first["data"] == back["data"]


def test_restart_keeps_the_address(api: UsageApi) -> None:
    """A restart keeps the address, so an outage can be played."""
    url = api.url
    api.stop()
    api.start()

    assert (url, 200) == (api.url, get(api, "me", {}).status_code)
