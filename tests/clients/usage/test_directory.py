"""Names behind the ids, and the check for `doctor`."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from bot.clients.usage.anthropic import AnthropicSource
from bot.clients.usage.errors import PageLoop, SourceRefused, SourceUnavailable
from bot.clients.usage.names import read_directory
from bot.clients.usage.patience import Patience
from bot.clients.usage.transport import Transport
from bot.domain.usage import ApiKey, NamedActor, Window, Workspace
from bot.sandbox.usage import UsageApi

LISTS = ("workspaces", "api_keys", "users", "service_accounts")


@pytest.fixture
def transport(api: UsageApi) -> Iterator[Transport]:
    """What a source with the admin key reads by."""
    transport = Transport(api.admin_key, api.url, sleep=lambda _: None, clock=api.clock)
    yield transport
    transport.close()


def fill(api: UsageApi) -> None:
    """Something in each of the lists, and a key that may read them all."""
    api.organization.lists_service_accounts = True
    api.add_workspace("team-search")
    api.add_api_key("search-prod")
    api.add_user("dana@example.com")
    api.organization.add_service_account("nightly")


def refuse(api: UsageApi, *lists: str) -> None:
    """The key may not read these."""
    for name in lists:
        api.faults.add(
            "error", f"organizations/{name}", times=None, status=403, type="permission_error"
        )


def left_out(caplog: pytest.LogCaptureFixture) -> list[list[str]]:
    """The lists that each warning names."""
    return [getattr(record, "lists", []) for record in caplog.records if record.levelno >= 30]


def test_directory(api: UsageApi, source: AnthropicSource) -> None:
    """Workspaces come with their tags, keys with their workspace."""
    workspace = api.add_workspace("team-search", {"team": "search"})
    key = api.add_api_key("search-prod", "team-search")

    names = source.directory()

    assert Workspace(workspace, "team-search", {"team": "search"}) == names.workspaces[workspace]
    assert ApiKey(key, "search-prod", workspace) == names.api_keys[key]


def test_archived_and_default(api: UsageApi, source: AnthropicSource) -> None:
    """Archived workspaces and the default one are named too, for their spend is still there."""
    api.add_workspace("old")
    api.archive_workspace("old")

    names = {workspace.name for workspace in source.directory().workspaces.values()}

    assert {"Default", "old"} == names


def test_long_lists(api: UsageApi, source: AnthropicSource) -> None:
    """Lists longer than a page come whole."""
    for number in range(2_001):
        api.add_api_key(f"key-{number}")

    assert 2_001 == len(source.directory().api_keys)


def test_key_without_workspace(api: UsageApi, source: AnthropicSource) -> None:
    """A key of the organization has no workspace."""
    key = api.add_api_key("org-wide")

    assert source.directory().api_keys[key].workspace_id is None


def test_key_with_people_behind_it(api: UsageApi, source: AnthropicSource) -> None:
    """A key that somebody made, and that acts as somebody, is still known by its own name."""
    user = api.add_user("dana@example.com")
    account = api.organization.add_service_account("nightly")
    key = api.organization.add_api_key("batch", None, created_by=user, principal=account)

    assert ApiKey(key, "batch") == source.directory().api_keys[key]


def test_users(api: UsageApi, source: AnthropicSource) -> None:
    """A user comes with name and e-mail; one who was deleted is in no list any more."""
    dana = api.add_user("dana@example.com", "Dana Ruiz")
    api.delete_user(api.add_user("gone@example.com"))

    assert {dana: NamedActor(dana, "Dana Ruiz", "dana@example.com")} == source.directory().actors


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"email": None}, ("Dana", None)),
        ({"email": ""}, ("Dana", None)),
        ({"name": None}, ("dana@example.com", "dana@example.com")),
    ],
)
def test_user_of_whom_little_is_known(
    api: UsageApi,
    source: AnthropicSource,
    fields: dict[str, object],
    expected: tuple[str, str | None],
) -> None:
    """A user without a name or an address does not cost everybody else's names."""
    dana = api.add_user("dana@example.com", "Dana")

    def forget(body: dict[str, object]) -> object:
        body["data"][0].update(fields)  # type: ignore[index]
        return body

    api.faults.add("edit", "users", edit=forget)

    assert {dana: NamedActor(dana, *expected)} == source.directory().actors


def test_service_accounts(api: UsageApi, source: AnthropicSource, now: datetime) -> None:
    """Service accounts are named too, archived ones as well."""
    api.organization.lists_service_accounts = True
    nightly = api.organization.add_service_account("nightly")
    old = api.organization.add_service_account("old")
    api.organization.archive_service_account(old, now)

    expected = {nightly: NamedActor(nightly, "nightly"), old: NamedActor(old, "old")}
    assert expected == source.directory().actors


def test_long_lists_of_people(api: UsageApi, source: AnthropicSource) -> None:
    """Users and service accounts come whole, however many pages they fill."""
    api.organization.lists_service_accounts = True
    for number in range(250):
        api.organization.add_user(f"{number}@example.com", None)
        api.organization.add_service_account(f"job-{number}")
    api.organization.most_on_a_page = 100

    actors = source.directory().actors.values()

    assert (250, 250) == (
        sum(actor.email is not None for actor in actors),
        sum(actor.email is None for actor in actors),
    )


@pytest.mark.parametrize("refused", LISTS)
def test_refused_one_by_one(
    api: UsageApi,
    source: AnthropicSource,
    caplog: pytest.LogCaptureFixture,
    refused: str,
) -> None:
    """A list that the key may not read is left out, with one warning where that is unusual."""
    fill(api)
    refuse(api, refused)

    names = source.directory()

    found = {
        "workspaces": "team-search" in {item.name for item in names.workspaces.values()},
        "api_keys": "search-prod" in {item.name for item in names.api_keys.values()},
        "users": "dana@example.com" in {item.email for item in names.actors.values()},
        "service_accounts": "nightly" in {item.name for item in names.actors.values()},
    }
    assert {name: name != refused for name in LISTS} == found
    assert ([] if refused == "service_accounts" else [[refused]]) == left_out(caplog)


def test_refused_together(
    api: UsageApi, source: AnthropicSource, caplog: pytest.LogCaptureFixture
) -> None:
    """Two lists that are left out are one warning, and each reason is in it."""
    fill(api)
    refuse(api, "users", "service_accounts")

    assert {} == source.directory().actors
    assert [["service_accounts", "users"]] == left_out(caplog)


def test_an_admin_key_and_service_accounts(
    api: UsageApi, source: AnthropicSource, caplog: pytest.LogCaptureFixture
) -> None:
    """An Admin API key does not open the list of service accounts: no warning, and all else is read."""
    dana = api.add_user("dana@example.com")
    api.organization.add_service_account("nightly")

    assert [dana] == list(source.directory().actors)
    assert [] == left_out(caplog)


def test_told_once(api: UsageApi, transport: Transport, caplog: pytest.LogCaptureFixture) -> None:
    """What was told is not told again at every read, and what is new is."""
    fill(api)
    told: set[str] = set()
    refuse(api, "workspaces")
    for _ in range(2):
        read_directory(transport, Patience(1), told)
    refuse(api, "users")
    read_directory(transport, Patience(1), told)

    assert [["workspaces"], ["users"]] == left_out(caplog)


@pytest.mark.parametrize("broken", LISTS)
def test_trouble_is_no_refusal(api: UsageApi, source: AnthropicSource, broken: str) -> None:
    """A list that cannot be read today is not taken for an empty one."""
    fill(api)
    api.faults.add("status", f"organizations/{broken}", times=None, status=503)

    with pytest.raises(SourceUnavailable):
        source.directory()


@pytest.mark.parametrize("looping", LISTS)
def test_lists_that_go_round(api: UsageApi, source: AnthropicSource, looping: str) -> None:
    """A list that points back to itself ends with an error, not never."""
    fill(api)
    api.faults.add("loop", f"organizations/{looping}", times=None)

    with pytest.raises(PageLoop):
        source.directory()


def test_a_key_that_is_refused(api: UsageApi) -> None:
    """A key nobody knows is refused at the first list, and the others are not asked for."""
    with (
        AnthropicSource("sk-ant-admin01-wrong", api.url) as source,
        pytest.raises(SourceRefused, match="the key was refused"),
    ):
        source.directory()

    assert 1 == len(api.requests)


def test_an_enterprise_organization(
    api: UsageApi, source: AnthropicSource, day: Window, now: datetime
) -> None:
    """Without workspaces, keys and tiers there are only users, and they are known by name."""
    dana = api.add_user("dana@example.com", "Dana Ruiz")
    api.spend(now - timedelta(hours=1), "5", actor="dana@example.com", product="chat")
    for name in ("workspaces", "api_keys"):
        api.faults.add(
            "error",
            f"organizations/{name}",
            times=None,
            status=400,
            type="invalid_request_error",
            error_code="organization_type_not_supported",
        )
    api.faults.add("edit", "analytics", times=None, edit=without_workspace)

    [row] = source.fetch(day, now).rows
    names = source.directory()

    assert (None, None, None) == (row.workspace_id, row.api_key_id, row.service_tier)
    assert row.actor is not None
    assert (dana, "dana@example.com") == (row.actor.id, row.actor.email)
    assert ({}, {}) == (names.workspaces, names.api_keys)
    assert {dana: NamedActor(dana, "Dana Ruiz", "dana@example.com")} == names.actors


def without_workspace(body: dict[str, object]) -> object:
    """Rows as an Enterprise organization reads them: what only the Platform has is null."""
    rows = body["data"]
    assert isinstance(rows, list)
    for row in rows:
        row["group"].update(workspace_id=None, service_tier=None)
    return body


def test_check(source: AnthropicSource) -> None:
    """An admin key is checked by the organization's name."""
    assert "Acme" == source.check()


def test_check_of_an_analytics_key(api: UsageApi) -> None:
    """A key that reads reports only is good, and the check says what it cannot do."""
    with AnthropicSource(api.analytics_key, api.url, clock=api.clock) as source:
        assert "read:analytics, which cannot read names" in source.check()


def test_directory_of_an_analytics_key(api: UsageApi) -> None:
    """Names need an admin key, and the error says so."""
    with (
        AnthropicSource(api.analytics_key, api.url) as source,
        pytest.raises(SourceRefused, match="the key may not read this"),
    ):
        source.directory()
