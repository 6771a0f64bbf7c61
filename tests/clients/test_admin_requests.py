"""What the Admin API's clients send, against what Anthropic's own SDK sends for the same call."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import anthropic
import pytest

from bot.clients.enforcement.anthropic_record import KnownKey
from bot.clients.enforcement.anthropic_steps import SetRate, SetSpend, Step, SwitchKey
from bot.clients.increase_requests import IncreaseRequests
from bot.domain.limits import Mode
from bot.domain.money import micros
from bot.sandbox.usage import Seen, UsageApi
from tests.clients.enforcement.anthropic.setting import Desk

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
Call = Callable[[anthropic.Anthropic], object]


@pytest.fixture
def api() -> Iterator[UsageApi]:
    """An organization with one of each."""
    with UsageApi(lambda: NOW) as api:
        api.add_workspace("team-search")
        api.add_api_key("search-prod", "team-search")
        api.add_user("dana@example.com")
        api.administration.rate_limits.add("opus", {"requests_per_minute": 4000})
        yield api


def by_sdk(api: UsageApi, call: Call) -> Seen:
    """The request that the SDK makes of a call, whatever the answer is."""
    with anthropic.Anthropic(api_key=api.admin_key, base_url=api.url, max_retries=0) as client:
        try:
            found = call(client)
            if isinstance(
                found, anthropic.pagination.SyncPage | anthropic.pagination.SyncPageCursor
            ):
                list(found)
        except anthropic.APIStatusError:
            pass
    return api.requests[-1]


def compared(seen: Seen) -> tuple[object, ...]:
    """All that tells the API what to do; the credential is in the same place for both."""
    body = json.loads(seen.body) if seen.body else None
    return seen.method, seen.path, sorted(seen.parameters), seen.version, seen.beta, body


def steps(api: UsageApi) -> list[tuple[Step, Call]]:
    """Each kind of write, and the same by the SDK."""
    (key,) = api.organization.api_keys
    (group,) = api.administration.rate_limits.groups
    workspace = api.organization.find_workspace("team-search")
    (user,) = api.organization.users
    known = KnownKey("search-prod", "active")
    rates: list[Any] = [{"type": "requests_per_minute", "value": None}]
    return [
        (
            SwitchKey(key, known, on=False),
            lambda sdk: sdk.organization.api_keys.update(key, status="inactive"),
        ),
        (
            SwitchKey(key, known, on=True),
            lambda sdk: sdk.organization.api_keys.update(key, status="active"),
        ),
        (
            SetRate((workspace, group), None, low=400, before=None),
            lambda sdk: sdk.organization.workspaces.rate_limits.update(
                group, workspace_id=workspace, limits=rates
            ),
        ),
        (
            SetSpend(("workspace", workspace), "1200000"),
            lambda sdk: sdk.beta.organization.spend_limits.set(
                amount="1200000",
                scope={"type": "workspace", "workspace_id": workspace},
                period="monthly",
            ),
        ),
        (
            SetSpend(("user", user), "1200000"),
            lambda sdk: sdk.beta.organization.spend_limits.set(
                amount="1200000", scope={"type": "user", "user_id": user}, period="monthly"
            ),
        ),
    ]


def test_writes(api: UsageApi) -> None:
    """Keys, rate limits and spend limits are written as the SDK writes them."""
    for step, call in steps(api):
        expected = by_sdk(api, call)

        assert f"/v1/organizations/{step.name()}" == expected.path
        assert json.loads(expected.body) == step.body()


def test_everything_that_the_target_sends(api: UsageApi) -> None:
    """Each request of an order, with its query and its headers, is one that the SDK would make."""
    workspace = api.organization.find_workspace("team-search")
    (key,) = api.organization.api_keys
    refs = {
        "api_key": ("search-*",),
        "workspace": ("team-search",),
        "spend_limit": ("team-search",),
    }
    desk = Desk(api, refs)
    desk.confirm(Mode.BLOCK)
    desk.target.close()
    ours = {seen.path + seen.method: compared(seen) for seen in api.requests}
    limits: dict[str, Any] = {"amount": "1200000", "period": "monthly"}
    scope: Any = {"type": "workspace", "workspace_id": workspace}
    calls: list[Call] = [
        lambda sdk: sdk.organization.workspaces.list(include_default=True, limit=1000),
        lambda sdk: sdk.organization.api_keys.list(limit=1000),
        lambda sdk: sdk.organization.workspaces.rate_limits.list(
            workspace, group_type="model_group", include_inherited=True
        ),
        lambda sdk: sdk.beta.organization.spend_limits.list(
            scope_type=["workspace"], workspace_id=workspace, limit=100
        ),
        lambda sdk: sdk.organization.api_keys.update(key, status="inactive"),
        lambda sdk: sdk.beta.organization.spend_limits.set(**limits, scope=scope),
    ]
    expected = [by_sdk(api, call) for call in calls]

    assert {seen.path + seen.method: compared(seen) for seen in expected} == ours


def test_everything_that_the_queue_sends(api: UsageApi) -> None:
    """So is each request about increase requests."""
    api.administration.spend_limits.kind = "enterprise"
    queue = api.administration.increase_requests
    (user,) = api.organization.users
    id_ = queue.ask(user, NOW)
    client = IncreaseRequests(api.url, api.admin_key)
    client.pending()
    client.retrieve(id_)
    client.deny(id_)
    client.deny(id_, notify=False)
    client.approve(id_, micros(700), period="daily", notify=False)
    client.close()
    ours = [compared(seen) for seen in api.requests[:-1]]  # the last looks who was first
    calls: list[Call] = [
        lambda sdk: sdk.organization.spend_limits.increase_requests.list(
            status=["pending"], limit=100
        ),
        lambda sdk: sdk.organization.spend_limits.increase_requests.retrieve(id_),
        lambda sdk: sdk.organization.spend_limits.increase_requests.deny(id_),
        lambda sdk: sdk.organization.spend_limits.increase_requests.deny(
            id_, suppress_notification=True
        ),
        lambda sdk: sdk.organization.spend_limits.increase_requests.approve(
            id_, amount="70000", period="daily", suppress_notification=True
        ),
    ]

    assert [compared(by_sdk(api, call)) for call in calls] == ours
