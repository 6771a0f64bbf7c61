"""The organization behind the usage API double: its workspaces, keys and people."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

DEFAULT_WORKSPACE = "Default"


def format_time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str
    name: str
    tags: Mapping[str, str]
    created_at: datetime
    archived_at: datetime | None = None

    def body(self) -> dict[str, object]:
        return {
            "id": self.id,
            "type": "workspace",
            "name": self.name,
            "created_at": format_time(self.created_at),
            "archived_at": format_time(self.archived_at) if self.archived_at else None,
            "display_color": "#6C5BB9",
            "compartment_id": f"cmpt_{self.id[-6:]}",
            "data_residency": {
                "workspace_geo": "us",
                "allowed_inference_geos": "unrestricted",
                "default_inference_geo": "global",
            },
            "external_key_id": None,
            "user_profile_id": None,
            "tags": dict(self.tags),
        }


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    name: str
    workspace_id: str | None
    created_at: datetime
    status: str = "active"
    created_by: str | None = None  # `user_…` or `svac_…`
    principal: str | None = None  # who the key acts as, as above

    def body(self) -> dict[str, object]:
        """The key as `2026-10-21` shows it: the workspace only inside `scope`."""
        scope: dict[str, object] = {"type": "organization"}
        if self.workspace_id is not None:
            scope = {"type": "workspace", "workspace_id": self.workspace_id}
        return {
            "id": self.id,
            "type": "api_key",
            "name": self.name,
            "status": self.status,
            "partial_key_hint": f"sk-ant-api03-{self.id[-3:]}...{self.id[-4:]}",
            "created_at": format_time(self.created_at),
            "expires_at": None,
            "created_by": _describe_creator(self.created_by),
            "principal": _describe_principal(self.principal),
            "scope": scope,
        }


@dataclass(frozen=True, slots=True)
class User:
    id: str
    email: str
    name: str
    added_at: datetime
    role: str = "developer"
    groups: tuple[str, ...] = ()
    deleted: bool = False

    def body(self) -> dict[str, object]:
        return {
            "id": self.id,
            "type": "user",
            "email": self.email,
            "name": self.name,
            "role": self.role,
            "added_at": format_time(self.added_at),
        }

    def actor(self) -> dict[str, object]:
        """The person in a report; a deleted account keeps its id and loses name and address."""
        return {
            "type": "user_actor",
            "user_id": self.id,
            "email_address": None if self.deleted else self.email,
            "name": "Deleted User" if self.deleted else self.name,
            "deleted": self.deleted,
        }


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    id: str
    name: str
    created_at: datetime
    archived_at: datetime | None = None

    def body(self) -> dict[str, object]:
        return {
            "id": self.id,
            "type": "service_account",
            "name": self.name,
            "description": None,
            "organization_role": "developer",
            "created_at": format_time(self.created_at),
            "created_by_actor_id": None,
            "updated_at": format_time(self.archived_at or self.created_at),
            "updated_by_actor_id": None,
            "archived_at": format_time(self.archived_at) if self.archived_at else None,
            "archived_by_actor_id": None,
        }


def _describe_creator(actor: str | None) -> dict[str, object] | None:
    if actor is None:
        return None
    return {"id": actor, "type": "user" if actor.startswith("user_") else "service_account"}


def _describe_principal(actor: str | None) -> dict[str, object] | None:
    if actor is None:
        return None
    if actor.startswith("user_"):
        return {"type": "user_actor", "user_id": actor}
    return {"type": "service_account_actor", "service_account_id": actor}


def _make_id(prefix: str, seed: str) -> str:
    """An id that is the same in every run, so that a demo can be told by heart."""
    digest = hashlib.sha256(f"{prefix}{seed}".encode()).hexdigest()
    return f"{prefix}01{digest[:22]}"


@dataclass(slots=True)
class Organization:
    """Finds things by id or name; a name not seen before is added, so that spend can be one line."""

    founded_at: datetime
    name: str = "Acme"
    workspaces: dict[str, Workspace] = field(default_factory=dict)
    api_keys: dict[str, ApiKey] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    service_accounts: dict[str, ServiceAccount] = field(default_factory=dict)
    # An Admin API key may not list service accounts; a test about their names lets it.
    lists_service_accounts: bool = False
    most_on_a_page: int = 1000  # fewer than that make many pages out of little spend

    def __post_init__(self) -> None:
        self.default_workspace_id = self.add_workspace(DEFAULT_WORKSPACE, {})

    default_workspace_id: str = ""

    def body(self) -> dict[str, object]:
        return {
            "id": "0b9a1c5e-2f4d-4c1a-9a53-7f7a5d1e2b3c",
            "name": self.name,
            "type": "organization",
        }

    def add_workspace(self, name: str, tags: Mapping[str, str]) -> str:
        if any(key.startswith("anthropic") for key in tags):
            raise ValueError("tag keys may not begin with `anthropic`")
        id_ = _make_id("wrkspc_", f"{name}#{len(self.workspaces)}")
        self.workspaces[id_] = Workspace(id_, name, dict(tags), self.founded_at)
        return id_

    def archive_workspace(self, workspace: str, at: datetime) -> None:
        id_ = self.find_workspace(workspace)
        self.workspaces[id_] = replace(self.workspaces[id_], archived_at=at)

    def add_api_key(
        self,
        name: str,
        workspace: str | None,
        created_by: str | None = None,
        principal: str | None = None,
    ) -> str:
        id_ = _make_id("apikey_", f"{name}#{len(self.api_keys)}")
        workspace_id = None if workspace is None else self.find_workspace(workspace)
        self.api_keys[id_] = ApiKey(
            id_, name, workspace_id, self.founded_at, created_by=created_by, principal=principal
        )
        return id_

    def add_service_account(self, name: str) -> str:
        id_ = _make_id("svac_", f"{name}#{len(self.service_accounts)}")
        self.service_accounts[id_] = ServiceAccount(id_, name, self.founded_at)
        return id_

    def archive_service_account(self, id_: str, at: datetime) -> None:
        self.service_accounts[id_] = replace(self.service_accounts[id_], archived_at=at)

    def add_user(self, email: str, name: str | None, groups: Sequence[str] = ()) -> str:
        id_ = _make_id("user_", f"{email}#{len(self.users)}")
        shown = name or email.partition("@")[0].replace(".", " ").title()
        self.users[id_] = User(id_, email, shown, self.founded_at, groups=tuple(groups))
        return id_

    def delete_user(self, user: str) -> None:
        id_ = self.find_user(user)
        self.users[id_] = replace(self.users[id_], deleted=True)

    def find_workspace(self, workspace: str) -> str:
        if workspace in self.workspaces:
            return workspace
        _refuse_unknown_id("wrkspc_", workspace)
        named = (known.id for known in self.workspaces.values() if known.name == workspace)
        return next(named, "") or self.add_workspace(workspace, {})

    def find_api_key(self, api_key: str, workspace_id: str | None) -> str:
        if api_key in self.api_keys:
            return api_key
        _refuse_unknown_id("apikey_", api_key)
        named = (known.id for known in self.api_keys.values() if known.name == api_key)
        return next(named, "") or self.add_api_key(api_key, workspace_id)

    def find_user(self, user: str) -> str:
        if user in self.users:
            return user
        _refuse_unknown_id("user_", user)
        known = (known.id for known in self.users.values() if known.email == user)
        return next(known, "") or self.add_user(user, None)


def _refuse_unknown_id(prefix: str, text: str) -> None:
    if text.startswith(prefix):
        raise ValueError(f"unknown id {text}")
