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
            "created_by": None,
            "principal": None,
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

    def add_api_key(self, name: str, workspace: str | None) -> str:
        id_ = _make_id("apikey_", f"{name}#{len(self.api_keys)}")
        workspace_id = None if workspace is None else self.find_workspace(workspace)
        self.api_keys[id_] = ApiKey(id_, name, workspace_id, self.founded_at)
        return id_

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
