"""What can be changed through the usage API double, against Anthropic's own SDK and examples."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic.types.beta.organization import BetaSpendLimit
from anthropic.types.organization import APIKey, SpendSummary
from anthropic.types.organization.spend_limits import (
    IncreaseRequestApproveResponse,
    SpendLimitIncreaseRequest,
)
from anthropic.types.organization.workspaces import WorkspaceRateLimit

from bot.sandbox.usage import UsageApi
from tests.sandbox.test_usage_sdk import find_faults

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[3] / "shared/data/anthropic"


@pytest.fixture
def api() -> Iterator[UsageApi]:
    """A Console organization with a workspace, a key, a member and two groups of models."""
    with UsageApi(lambda: NOW) as api:
        api.add_workspace("team-search")
        api.add_api_key("search-prod", "team-search")
        api.add_user("dana@example.com")
        api.administration.rate_limits.add(
            "opus", {"requests_per_minute": 4000, "output_tokens_per_minute": 400000}
        )
        api.administration.rate_limits.add("files", {"requests_per_minute": 9}, "files")
        yield api


@pytest.fixture
def client(api: UsageApi) -> Iterator[anthropic.Anthropic]:
    """The official client, pointed at the double."""
    with anthropic.Anthropic(api_key=api.admin_key, base_url=api.url, max_retries=0) as client:
        yield client


def dump(model: Any) -> Any:
    """As it came in: fields that are missing stay missing, extra ones are there."""
    return json.loads(model.to_json(exclude_unset=True))


def workspace_of(api: UsageApi) -> str:
    """The id of the one workspace."""
    return api.organization.find_workspace("team-search")


def test_keys(api: UsageApi, client: anthropic.Anthropic) -> None:
    """A key is read and switched off by the SDK, and the answer is one of its own."""
    (id_,) = api.organization.api_keys

    assert "active" == client.organization.api_keys.retrieve(id_).status
    changed = client.organization.api_keys.update(id_, status="inactive")

    assert [] == find_faults(APIKey, dump(changed))
    assert "inactive" == api.administration.status(id_)


def test_keys_that_never_come_back(api: UsageApi, client: anthropic.Anthropic) -> None:
    """An archived key stays so, and too many active ones are refused by their code."""
    (id_,) = api.organization.api_keys
    api.administration.set_status(id_, "inactive")
    api.administration.most_active_keys = 0
    with pytest.raises(anthropic.BadRequestError) as full:
        client.organization.api_keys.update(id_, status="active")
    client.organization.api_keys.update(id_, status="archived")
    with pytest.raises(anthropic.BadRequestError, match="archived"):
        client.organization.api_keys.update(id_, status="active")

    assert "org_api_key_limit_exceeded" in str(full.value.body)


def test_rate_limits(api: UsageApi, client: anthropic.Anthropic) -> None:
    """Overrides are set, listed beside what is inherited, and cleared by null."""
    workspace = workspace_of(api)
    rates = client.organization.workspaces.rate_limits
    (opus, files) = rates.list(workspace, include_inherited=True)
    written = rates.update(
        opus.rate_limit_id,
        workspace_id=workspace,
        limits=[{"type": "requests_per_minute", "value": 50}],
    )
    own = list(rates.list(workspace, group_type="model_group"))

    assert ("model_group", "files") == (opus.group.type, files.group.type)
    assert [[50, 4000, "workspace"]] == [
        [limit.value, limit.org_limit, limit.source.type] for limit in own[0].limits
    ]
    for entry in (opus, files, written, *own):
        assert [] == find_faults(WorkspaceRateLimit, dump(entry))

    cleared = rates.update(
        opus.rate_limit_id,
        workspace_id=workspace,
        limits=[{"type": "requests_per_minute", "value": None}],
    )

    assert ([], []) == (cleared.limits, list(rates.list(workspace)))


def test_bad_rate_limits(api: UsageApi, client: anthropic.Anthropic) -> None:
    """Values that are none, and groups that are not there, are refused."""
    rates = client.organization.workspaces.rate_limits
    limits: list[Any] = [{"type": "requests_per_minute", "value": -1}]
    with pytest.raises(anthropic.BadRequestError):
        rates.update("rl_010000", workspace_id=workspace_of(api), limits=limits)
    with pytest.raises(anthropic.NotFoundError):
        rates.update("rl_x", workspace_id=workspace_of(api), limits=[])
    with pytest.raises(anthropic.NotFoundError):
        list(rates.list("wrkspc_x"))


def test_spend_limits(api: UsageApi, client: anthropic.Anthropic) -> None:
    """A workspace's limit is set and listed; without writes enabled it is refused by its code."""
    limits = client.beta.organization.spend_limits
    workspace = workspace_of(api)
    scope: Any = {"type": "workspace", "workspace_id": workspace}
    written = limits.set(amount="50000", scope=scope, period="monthly")
    (listed,) = limits.list(workspace_id=workspace, scope_type=["workspace"])

    assert (written.id, "50000") == (listed.id, listed.amount)
    assert [[], []] == [find_faults(BetaSpendLimit, dump(item)) for item in (written, listed)]

    api.administration.spend_limits.writes = False
    with pytest.raises(anthropic.PermissionDeniedError) as refused:
        limits.set(amount="50000", scope=scope)

    assert "spend_limits_admin_api_writes_not_enabled" in str(refused.value.body)


@pytest.mark.parametrize("amount", [None, "1.5", "-1", ""])
def test_bad_spend_limits(client: anthropic.Anthropic, api: UsageApi, amount: Any) -> None:
    """A Console limit is whole cents, and always an amount."""
    scope: Any = {"type": "workspace", "workspace_id": workspace_of(api)}
    with pytest.raises(anthropic.BadRequestError):
        client.beta.organization.spend_limits.set(amount=amount, scope=scope)


def test_effective(api: UsageApi, client: anthropic.Anthropic) -> None:
    """In an Enterprise organization each member has one row, their own limit before the default."""
    api.administration.spend_limits.kind = "enterprise"
    (user,) = api.organization.users
    effective = client.organization.spend_limits.effective
    (before,) = effective.list(user_ids=[user])
    client.beta.organization.spend_limits.set(
        amount="70000", scope={"type": "user", "user_id": user}, period="monthly"
    )
    (after,) = effective.list(user_ids=[user], period=["monthly"])

    assert ("organization", "50000") == (before.source.type, before.amount)
    assert ("user", "70000") == (after.source.type, after.amount)
    assert [[], []] == [find_faults(SpendSummary, dump(row)) for row in (before, after)]


def test_increase_requests(api: UsageApi, client: anthropic.Anthropic) -> None:
    """Requests are listed, read, approved and denied, and every answer is the SDK's."""
    api.administration.spend_limits.kind = "enterprise"
    queue = api.administration.increase_requests
    (user,) = api.organization.users
    requests = client.organization.spend_limits.increase_requests
    first = queue.ask(user, NOW)
    (listed,) = requests.list(status=["pending"])
    approved = requests.approve(first, amount="70000")
    second = queue.ask(user, NOW)
    denied = requests.deny(second, suppress_notification=True)
    again = requests.deny(second)

    assert [first, "approved"] == [listed.id, requests.retrieve(first).status]
    assert (denied, [user]) == (again, queue.mails)
    assert [] == find_faults(IncreaseRequestApproveResponse, dump(approved))
    for item in (listed, denied):
        assert [] == find_faults(SpendLimitIncreaseRequest, dump(item))
    with pytest.raises(anthropic.BadRequestError):
        requests.deny(first)
    with pytest.raises(anthropic.NotFoundError):
        requests.retrieve("slir_x")


def test_the_other_kind_of_organization(client: anthropic.Anthropic) -> None:
    """A Console organization has no members' limits and no increase requests, and says so."""
    with pytest.raises(anthropic.BadRequestError) as refused:
        list(client.organization.spend_limits.increase_requests.list())
    with pytest.raises(anthropic.BadRequestError):
        list(client.organization.spend_limits.effective.list())

    assert "organization_type_not_supported" in str(refused.value.body)


def test_scopes(api: UsageApi) -> None:
    """An Enterprise key decides requests and nothing else, an analytics key nothing at all."""
    api.administration.spend_limits.kind = "enterprise"
    with anthropic.Anthropic(api_key=api.spend_key, base_url=api.url, max_retries=0) as spend:
        assert [] == list(spend.organization.spend_limits.increase_requests.list())
        with pytest.raises(anthropic.PermissionDeniedError):
            spend.organization.api_keys.list()
    with (
        anthropic.Anthropic(api_key=api.analytics_key, base_url=api.url, max_retries=0) as reader,
        pytest.raises(anthropic.PermissionDeniedError),
    ):
        reader.organization.spend_limits.increase_requests.list()


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the example bodies are not here")
def test_shapes_are_the_examples(api: UsageApi) -> None:
    """Envelopes and rows have the fields of the example bodies."""
    administration = api.administration
    workspace = workspace_of(api)
    administration.spend_limits.put(("workspace", workspace), "50000", "monthly", NOW)
    inherited = (("include_inherited", "true"),)
    answers = {
        "workspace_rate_limits": administration.rate_limits.list_(workspace, inherited),
        "spend_limits": administration.spend_limits.list_(()),
    }
    administration.spend_limits.kind = "enterprise"
    (user,) = api.organization.users
    administration.increase_requests.ask(user, NOW)
    answers["effective_spend_limits"] = administration.spend_limits.effective(())
    answers["increase_requests"] = administration.increase_requests.list_(())

    for name, actual in answers.items():
        expected: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
        rows: Any = actual["data"]
        assert set(expected) == set(actual)
        assert set(expected["data"][0]) == set(rows[0])
        for field, part in expected["data"][0].items():
            if isinstance(part, dict) and field != "source":
                assert set(part) == set(rows[0][field])
