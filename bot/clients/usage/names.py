"""The names behind the ids, and the name of the organization itself."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

from bot.clients.usage.answers import ApiKeyPage, OrganizationAnswer, WorkspacePage, parse_answer
from bot.clients.usage.errors import SourceRefused
from bot.clients.usage.list_answers import ServiceAccountPage, UserPage
from bot.clients.usage.pages import ROOT, walk_pages
from bot.clients.usage.patience import Patience
from bot.clients.usage.transport import Transport
from bot.domain.usage import ApiKey, Directory, NamedActor, Workspace

logger = logging.getLogger(__name__)
_LIMIT = ("limit", "1000")
_EVERY_WORKSPACE = (("include_archived", "true"), ("include_default", "true"), _LIMIT)
# Service accounts are listed in pages of at most 100.
_EVERY_SERVICE_ACCOUNT = (("include_archived", "true"), ("limit", "100"))
_Named = TypeVar("_Named")
_Read = Callable[[Transport, Patience], dict[str, _Named]]


def read_directory(
    transport: Transport, patience: Patience, told: set[str] | None = None
) -> Directory:
    """
    Workspaces, keys, users and service accounts by id, archived ones too: spend outlives them.

    Each list may be refused on its own: an Enterprise organization has no workspaces and keys, and
    an Admin API key does not open the service accounts. What can be read is read; a list that is
    left out is warned of once, `told` remembers which (without it, once a call). Raises
    SourceRefused when the key itself is refused or opens none of the lists, any other SourceError
    as it comes: half of a list is never taken for all of it.
    """
    refused: dict[str, SourceRefused] = {}

    def read(name: str, list_: _Read[_Named]) -> dict[str, _Named]:
        try:
            return list_(transport, patience)
        except SourceRefused as refusal:
            if refusal.status == 401:
                raise
            refused[name] = refusal
            return {}

    workspaces = read("workspaces", _workspaces)
    api_keys = read("api_keys", _api_keys)
    users = read("users", _users)
    service_accounts = read("service_accounts", _service_accounts)
    if len(refused) == 4:
        raise refused["workspaces"]
    _warn(refused, set() if told is None else told)
    return Directory(workspaces, api_keys, {**users, **service_accounts})


def read_organization(transport: Transport, patience: Patience) -> str:
    path = f"{ROOT}/me"
    return parse_answer(OrganizationAnswer, transport.get(path, (), patience), path).name


def _workspaces(transport: Transport, patience: Patience) -> dict[str, Workspace]:
    pages = walk_pages(transport, "workspaces", WorkspacePage, _EVERY_WORKSPACE, patience)
    return {
        item.id: Workspace(item.id, item.name, item.tags) for page in pages for item in page.data
    }


def _api_keys(transport: Transport, patience: Patience) -> dict[str, ApiKey]:
    pages = walk_pages(transport, "api_keys", ApiKeyPage, (_LIMIT,), patience)
    return {
        item.id: ApiKey(item.id, item.name, item.scope.workspace_id)
        for page in pages
        for item in page.data
    }


def _users(transport: Transport, patience: Patience) -> dict[str, NamedActor]:
    pages = walk_pages(transport, "users", UserPage, (_LIMIT,), patience)
    return {
        item.id: NamedActor(item.id, item.name or item.email or item.id, item.email or None)
        for page in pages
        for item in page.data
    }


def _service_accounts(transport: Transport, patience: Patience) -> dict[str, NamedActor]:
    name = "service_accounts"
    pages = walk_pages(transport, name, ServiceAccountPage, _EVERY_SERVICE_ACCOUNT, patience)
    return {item.id: NamedActor(item.id, item.name) for page in pages for item in page.data}


def _warn(refused: Mapping[str, SourceRefused], told: set[str]) -> None:
    """
    One warning for all the lists that nobody has been told of yet.

    That an admin key may not list service accounts is as documented: nothing to warn of.
    """
    new = {name: str(refusal) for name, refusal in refused.items() if name not in told}
    told.update(new)
    if new:
        level = logging.INFO if set(new) == {"service_accounts"} else logging.WARNING
        logger.log(
            level,
            "lists of names that the key may not read are left out",
            extra={"action": "names_left_out", "lists": sorted(new), "reasons": new},
        )
