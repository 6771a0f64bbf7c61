"""Names behind the ids, and the check for `doctor`."""

import pytest

from bot.clients.usage.anthropic import AnthropicSource
from bot.clients.usage.errors import SourceRefused
from bot.domain.usage import ApiKey, Workspace
from bot.sandbox.usage import UsageApi


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
