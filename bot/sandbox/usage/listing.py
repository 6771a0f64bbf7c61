"""Lists paged by `after_id` and `before_id`: workspaces, keys and people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from bot.sandbox.usage.organization import ApiKey, Organization, User, Workspace
from bot.sandbox.usage.query import invalid, read_limit

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

    return _page([item for item in organization.workspaces.values() if listed(item)], single)


def list_api_keys(organization: Organization, pairs: Pairs) -> dict[str, object]:
    single, _ = _read(pairs, ("status", "workspace_id", "created_by_user_id"))
    status, workspace_id = single.get("status"), single.get("workspace_id")
    if status not in (None, "active", "inactive", "archived", "expired"):
        raise invalid("status: Input should be one of active, inactive, archived, expired")

    def listed(item: ApiKey) -> bool:
        return status in (None, item.status) and workspace_id in (None, item.workspace_id)

    by_nobody = "created_by_user_id" in single  # the double records no creators
    keys = [] if by_nobody else [item for item in organization.api_keys.values() if listed(item)]
    return _page(keys, single)


def list_users(organization: Organization, pairs: Pairs) -> dict[str, object]:
    single, roles = _read(pairs, ("email",), "roles")
    email = single.get("email")

    def listed(item: User) -> bool:
        return (
            not item.deleted and email in (None, item.email) and (not roles or item.role in roles)
        )

    return _page([item for item in organization.users.values() if listed(item)], single)


def show_organization(organization: Organization, pairs: Pairs) -> dict[str, object]:
    _read(pairs, ())
    return organization.body()


def _read(
    pairs: Pairs, names: tuple[str, ...], array: str | None = None
) -> tuple[dict[str, str], tuple[str, ...]]:
    single: dict[str, str] = {}
    values: list[str] = []
    for name, value in pairs:
        if array is not None and name == f"{array}[]":
            values.append(value)
        elif name in (*names, *_PAGING) and name not in single:
            single[name] = value
        else:
            raise invalid(f"{name}: Extra inputs are not permitted")
    return single, tuple(values)


def _page(items: Sequence[Listed], single: Mapping[str, str]) -> dict[str, object]:
    limit = read_limit(single.get("limit"))
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


def _position(items: Sequence[Listed], id_: str) -> int:
    for position, item in enumerate(items):
        if item.id == id_:
            return position
    raise invalid(f"no object with id {id_}")


LISTS: dict[str, Callable[[Organization, Pairs], dict[str, object]]] = {
    "workspaces": list_workspaces,
    "api_keys": list_api_keys,
    "users": list_users,
}
