"""The names behind the ids, and the name of the organization itself."""

from bot.clients.usage.answers import ApiKeyPage, OrganizationAnswer, WorkspacePage, parse_answer
from bot.clients.usage.pages import ROOT, walk_pages
from bot.clients.usage.patience import Patience
from bot.clients.usage.transport import Transport
from bot.domain.usage import ApiKey, Directory, Workspace

_LIMIT = ("limit", "1000")
_EVERY_WORKSPACE = (("include_archived", "true"), ("include_default", "true"), _LIMIT)


def read_directory(transport: Transport, patience: Patience) -> Directory:
    """Workspaces, archived and default ones too, and keys: spend outlives both."""
    workspaces = {
        item.id: Workspace(item.id, item.name, item.tags)
        for page in walk_pages(transport, "workspaces", WorkspacePage, _EVERY_WORKSPACE, patience)
        for item in page.data
    }
    api_keys = {
        item.id: ApiKey(item.id, item.name, item.scope.workspace_id)
        for page in walk_pages(transport, "api_keys", ApiKeyPage, (_LIMIT,), patience)
        for item in page.data
    }
    return Directory(workspaces=workspaces, api_keys=api_keys)


def read_organization(transport: Transport, patience: Patience) -> str:
    path = f"{ROOT}/me"
    return parse_answer(OrganizationAnswer, transport.get(path, (), patience), path).name
