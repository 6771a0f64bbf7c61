"""The usage API double against Anthropic's own SDK and against the example bodies."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Union, cast, get_args, get_origin

import anthropic
import httpx
import pytest
from anthropic.types.beta.organization.analytics import (
    BetaAnalyticsCostItem,
    BetaAnalyticsUsageItem,
)
from anthropic.types.organization import APIKey, OrganizationUser, ServiceAccount, Workspace
from pydantic import BaseModel, TypeAdapter

from bot.domain.usage import Tokens
from bot.sandbox.usage import UsageApi

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
START = NOW - timedelta(hours=5)
EXAMPLES = Path(__file__).parents[3] / "shared/data/anthropic"
FIVE = ["workspace_id", "api_key_id", "actor", "model", "product"]


@pytest.fixture
def api() -> Iterator[UsageApi]:
    """An organization with a little of everything."""
    with UsageApi(lambda: NOW) as api:
        api.add_workspace("team-search", {"team": "search"})
        api.add_api_key("search-prod", "team-search")
        user = api.add_user("dana@example.com")
        api.organization.lists_service_accounts = True
        account = api.organization.add_service_account("nightly")
        api.organization.archive_service_account(api.organization.add_service_account("old"), NOW)
        api.organization.add_api_key("org-wide", None, created_by=user, principal=account)
        api.organization.add_api_key("own", None, created_by=account, principal=user)
        actors = ["dana@example.com", "service:svac_1", "federated:sub", "unrenderable:a", None]
        for number, actor in enumerate(actors):
            api.spend(
                NOW - timedelta(hours=number),
                Decimal("1.25") + number,
                "8",
                workspace="team-search",
                api_key=None if number == 3 else "search-prod",
                actor=actor,
                tokens=Tokens(100, 20, 30, 40, 50),
            )
        yield api


@pytest.fixture
def client(api: UsageApi) -> Iterator[anthropic.Anthropic]:
    """The official client, pointed at the double."""
    with anthropic.Anthropic(api_key=api.admin_key, base_url=api.url, max_retries=0) as client:
        yield client


def find_faults(annotation: object, value: object, where: str = "") -> list[str]:
    """Fields that are missing or extra, at any depth, with unions taken at their best member."""
    if get_origin(annotation) is Annotated:
        return find_faults(get_args(annotation)[0], value, where)
    if get_origin(annotation) is Union or "UnionType" in type(annotation).__name__:
        return min((find_faults(member, value, where) for member in get_args(annotation)), key=len)
    if get_origin(annotation) is list and isinstance(value, list):
        (item,) = get_args(annotation)
        return [fault for entry in value for fault in find_faults(item, entry, where)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _compare(annotation, value, where)
    try:
        TypeAdapter[Any](cast(Any, annotation)).validate_json(json.dumps(value), strict=True)
    except ValueError as error:
        return [f"{where}: {error}"]
    return []


def _compare(model: type[BaseModel], value: object, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: no object"] * 100
    names = set(model.model_fields)
    faults = [f"{where}.{name}: missing" for name in names - set(value)]
    faults += [f"{where}.{name}: extra" for name in set(value) - names]
    for name in names & set(value):
        annotation = model.model_fields[name].annotation
        faults += find_faults(annotation, value[name], f"{where}.{name}")
    return faults


def read(api: UsageApi, path: str) -> dict[str, Any]:
    """The raw body, read with the double's own key and headers."""
    headers = {
        "x-api-key": api.admin_key,
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "analytics-usage-cost-2026-08-24",
    }
    with httpx.Client(trust_env=False, headers=headers) as client:
        body: dict[str, Any] = client.get(f"{api.url}/v1/organizations/{path}").json()
    return body


RANGE = f"starting_at={START:%FT%TZ}&ending_at={NOW:%FT%TZ}&time_bucket_width=1h"
MINUTES = RANGE.replace("1h", "1m")
DAYS = RANGE.replace("1h", "1d")
GROUPS = "&".join(f"group_by[]={name}" for name in FIVE)
SKU = "group_by[]=model&group_by[]=service_tier&group_by[]=context_window&group_by[]=inference_geo"
PATHS: list[tuple[str, type[BaseModel]]] = [
    (f"analytics/cost?{RANGE}&{GROUPS}", BetaAnalyticsCostItem),
    (f"analytics/cost?{RANGE}&group_by[]=cost_type&group_by[]=token_type", BetaAnalyticsCostItem),
    (f"analytics/cost?{MINUTES}&{GROUPS}", BetaAnalyticsCostItem),
    (f"analytics/usage?{MINUTES}&{GROUPS}", BetaAnalyticsUsageItem),
    (
        f"analytics/cost?{DAYS}&{SKU}&group_by[]=cost_type&group_by[]=token_type",
        BetaAnalyticsCostItem,
    ),
    (f"analytics/usage?{DAYS}&{SKU}", BetaAnalyticsUsageItem),
    (f"analytics/cost?{DAYS}", BetaAnalyticsCostItem),
    (f"analytics/usage?{RANGE}&{GROUPS}", BetaAnalyticsUsageItem),
    (f"analytics/usage?{RANGE}", BetaAnalyticsUsageItem),
    ("workspaces?include_default=true", Workspace),
    ("api_keys", APIKey),
    ("users", OrganizationUser),
    ("service_accounts?include_archived=true", ServiceAccount),
]


@pytest.mark.parametrize(("path", "model"), PATHS, ids=map(str, range(len(PATHS))))
def test_rows_are_the_sdks(api: UsageApi, path: str, model: type[BaseModel]) -> None:
    """Every row passes the SDK's model with no field missing and none too many."""
    rows = read(api, path)["data"]

    assert rows
    assert [] == [fault for row in rows for fault in find_faults(model, row)]


def test_the_check_sees_faults(api: UsageApi) -> None:
    """A field taken away, added or of another kind does not pass the comparison with the SDK."""
    row = read(api, "workspaces")["data"][0]
    broken: list[dict[str, Any]] = [
        {name: value for name, value in row.items() if name != "tags"},
        {**row, "team": "search"},
        {**row, "tags": 3},
        {**row, "data_residency": {**row["data_residency"], "workspace_geo": "moon"}},
    ]

    assert [1, 1, 1, 1] == [len(find_faults(Workspace, item)) for item in broken]


def test_reports_through_the_sdk(api: UsageApi, client: anthropic.Anthropic) -> None:
    """The SDK pages through both reports, and their sums are those of the events."""
    asked: dict[str, Any] = {
        "starting_at": START,
        "ending_at": NOW + timedelta(hours=1),
        "time_bucket_width": "1h",
        "group_by": FIVE,
        "limit": 2,
    }
    costs = list(client.beta.organization.analytics.cost.list(**asked))
    usages = list(client.beta.organization.analytics.usage.list(**asked))

    assert Decimal("1625") == sum(Decimal(item.cost.amount) for item in costs)
    assert (5, 5 * 240) == (len(usages), sum(item.usage.total_tokens for item in usages))
    assert 6 == len(api.requests)


def test_lists_through_the_sdk(client: anthropic.Anthropic) -> None:
    """The SDK pages through the lists, and asks who it is."""
    keys = [key.name for key in client.organization.api_keys.list(limit=1)]
    people = [user.email for user in client.organization.users.list()]
    workspaces = [item.tags for item in client.organization.workspaces.list()]

    assert ["search-prod", "org-wide", "own"] == keys
    assert (["dana@example.com"], [{"team": "search"}]) == (people, workspaces)
    assert "Acme" == client.organization.retrieve().name


def test_service_accounts_through_the_sdk(api: UsageApi, client: anthropic.Anthropic) -> None:
    """The SDK pages through the service accounts, the newest first, archived ones when asked."""
    lists = client.organization.service_accounts

    assert ["nightly"] == [account.name for account in lists.list()]
    assert ["old", "nightly"] == [item.name for item in lists.list(include_archived=True, limit=1)]
    with pytest.raises(anthropic.BadRequestError, match="between 1 and 100"):
        lists.list(limit=101)

    api.organization.lists_service_accounts = False
    with pytest.raises(anthropic.PermissionDeniedError):
        lists.list()


def test_keys_by_their_creator(api: UsageApi, client: anthropic.Anthropic) -> None:
    """The list of keys can be asked for what one user made."""
    (user,) = api.organization.users
    keys = client.organization.api_keys.list(created_by_user_id=user)

    assert ["org-wide"] == [key.name for key in keys]


def test_errors_through_the_sdk(api: UsageApi, client: anthropic.Anthropic) -> None:
    """The SDK reads the error envelope as the error it stands for."""
    api.faults.add(
        "error", status=429, type="rate_limit_error", error_code="enforced_spend_limit_reached"
    )

    with pytest.raises(anthropic.RateLimitError) as caught:
        client.organization.retrieve()

    body = caught.value.body
    assert isinstance(body, dict)
    assert {"error_code": "enforced_spend_limit_reached"} == body["error"]["details"]
    assert body["request_id"] == caught.value.request_id


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the example bodies are not here")
@pytest.mark.parametrize(
    ("example", "path"),
    [
        ("analytics_cost", f"analytics/cost?{RANGE}"),
        ("analytics_usage", f"analytics/usage?{RANGE}"),
        ("workspaces", "workspaces"),
        ("api_keys", "api_keys"),
        ("users", "users"),
    ],
)
def test_shapes_are_the_examples(api: UsageApi, example: str, path: str) -> None:
    """Envelope and rows have the fields of the example bodies, nested ones included."""
    expected = json.loads((EXAMPLES / f"{example}.json").read_text())
    actual = read(api, path)

    assert set(expected) == set(actual)
    for name, part in expected["data"][0].items():
        mine = actual["data"][0][name]
        if isinstance(part, dict) and name not in ("tags", "created_by"):
            assert set(part) == set(mine)
    assert set(expected["data"][0]) == set(actual["data"][0])
