"""
Lists of the organization: workspaces, keys and people, paged by `after_id` and `before_id`, and
service accounts, paged by a cursor.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bot.sandbox.usage.organization import (
    ApiKey,
    Organization,
    ServiceAccount,
    User,
    Workspace,
)
from bot.sandbox.usage.query import ApiError, invalid, read_limit

Pairs = Sequence[tuple[str, str]]
_PAGING = ("limit", "after_id", "before_id")


class Listed(Protocol):
    @property
    def id(self) -> str: ...
    def body(self) -> dict[str, object]: ...


def list_workspaces(organization: Organization, pairs: Pairs) -> dict[str, object]:
    single, ids = _read(pairs, ("include_archived", "include_default"), "ids")
    if len(ids) > 100:
        raise invalid("ids: at most 100 items")
    archived = single.get("include_archived") == "true"
    default = single.get("include_default") == "true"

    def listed(item: Workspace) -> bool:
        return (
            (archived or item.archived_at is None)
            and (default or item.id != organization.default_workspace_id)
            and (not ids or item.id in ids)
        )

    found = [item for item in organization.workspaces.values() if listed(item)]
    return _page(found, single, organization.most_on_a_page)


def list_api_keys(organization: Organization, pairs: Pairs) -> dict[str, object]:
    single, _ = _read(pairs, ("status", "workspace_id", "created_by_user_id"))
    status, workspace_id = single.get("status"), single.get("workspace_id")
    if status not in (None, "active", "inactive", "archived", "expired"):
        raise invalid("status: Input should be one of active, inactive, archived, expired")
    creator = single.get("created_by_user_id")

    def listed(item: ApiKey) -> bool:
        return (
            status in (None, item.status)
            and workspace_id in (None, item.workspace_id)
            and creator in (None, item.created_by)
        )

    found = [item for item in organization.api_keys.values() if listed(item)]
    return _page(found, single, organization.most_on_a_page)


def list_users(organization: Organization, pairs: Pairs) -> dict[str, object]:
    single, roles = _read(pairs, ("email",), "roles")
    email = single.get("email")

    def listed(item: User) -> bool:
        return (
            not item.deleted and email in (None, item.email) and (not roles or item.role in roles)
        )

    found = [item for item in organization.users.values() if listed(item)]
    return _page(found, single, organization.most_on_a_page)


def list_service_accounts(organization: Organization, pairs: Pairs) -> dict[str, object]:
    """The newest first; the limit is smaller than elsewhere."""
    if not organization.lists_service_accounts:
        raise ApiError(403, "permission_error", "Admin API keys are not accepted here")
    single, _ = _read(pairs, ("include_archived",), paging=("limit", "page"))
    limit = read_limit(single.get("limit"))
    if limit > 100:
        raise invalid("limit: must be between 1 and 100")
    archived = single.get("include_archived") == "true"

    def listed(item: ServiceAccount) -> bool:
        return archived or item.archived_at is None

    found = [item for item in reversed(organization.service_accounts.values()) if listed(item)]
    return _page_by_cursor(found, single.get("page"), min(limit, organization.most_on_a_page))


def show_organization(organization: Organization, pairs: Pairs) -> dict[str, object]:
    _read(pairs, ())
    return organization.body()


def _read(
    pairs: Pairs,
    names: tuple[str, ...],
    array: str | None = None,
    paging: tuple[str, ...] = _PAGING,
) -> tuple[dict[str, str], tuple[str, ...]]:
    single: dict[str, str] = {}
    values: list[str] = []
    for name, value in pairs:
        if array is not None and name == f"{array}[]":
            values.append(value)
        elif name in (*names, *paging) and name not in single:
            single[name] = value
        else:
            raise invalid(f"{name}: Extra inputs are not permitted")
    return single, tuple(values)


def _page(items: Sequence[Listed], single: Mapping[str, str], most: int) -> dict[str, object]:
    limit = min(read_limit(single.get("limit")), most)
    after, before = single.get("after_id"), single.get("before_id")
    if after is not None and before is not None:
        raise invalid("after_id and before_id cannot be combined")
    if before is not None:
        head = items[: _position(items, before)]
        shown, more = head[-limit:], len(head) > limit
    else:
        tail = items[0 if after is None else _position(items, after) + 1 :]
        shown, more = tail[:limit], len(tail) > limit
    return {
        "data": [item.body() for item in shown],
        "first_id": shown[0].id if shown else None,
        "last_id": shown[-1].id if shown else None,
        "has_more": more,
    }


def _page_by_cursor(items: Sequence[Listed], page: str | None, limit: int) -> dict[str, object]:
    """The cursor is opaque to whoever asks; here it names the last item of the page before."""
    word, _, last = (page or "page_").partition("_")
    if word != "page":
        raise invalid("page: not a cursor of this list")
    tail = items[_position(items, last) + 1 if last else 0 :]
    shown = tail[:limit]
    more = len(tail) > limit
    return {
        "data": [item.body() for item in shown],
        "next_page": f"page_{shown[-1].id}" if more else None,
    }


def _position(items: Sequence[Listed], id_: str) -> int:
    for position, item in enumerate(items):
        if item.id == id_:
            return position
    raise invalid(f"no object with id {id_}")


LISTS: dict[str, Callable[[Organization, Pairs], dict[str, object]]] = {
    "workspaces": list_workspaces,
    "api_keys": list_api_keys,
    "users": list_users,
    "service_accounts": list_service_accounts,
}
