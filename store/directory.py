"""The names behind the ids of the sources: workspaces, keys and people; once known, never forgotten."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, String, cast, select
from sqlmodel import Session, col

from bot.domain.usage import ApiKey, Directory, NamedActor, UsageRow, Workspace
from store.batches import batches
from store.inserts import upsert_all
from store.tables import NameRow, SourceRow

_EVERYTHING = "everything_named"


def save(tx: Session, source: str, names: Directory) -> None:
    """
    Add what a source lists now to what is known of it; whoever calls holds `lock`.

    Nothing is forgotten: spend outlives the workspace, key or user behind it, and when it is read
    again after a deletion it has to land where it was. An e-mail that the source leaves out stays
    for the same reason. Only what differs is written: 10,000 keys are read every few minutes, and
    hardly any of them has changed.
    """
    known = {(row.kind, row.id): _as_listed(row) for row in _name_rows(tx, source)}
    changed = []
    for row in _listed(source, names):
        before = known.get((row["kind"], row["id"]))
        if before is not None and row["email"] is None:
            row["email"] = before["email"]
        if row != before:
            changed.append(row)
    upsert_all(tx, NameRow, changed)
    tx.info.pop(_EVERYTHING, None)


def behind(tx: Session, rows: Iterable[UsageRow]) -> Directory:
    """As `everything`, of the ids in these rows only: most polls meet few of them."""
    ids: set[str] = set()
    for row in rows:
        ids.update(id_ for id_ in (row.workspace_id, row.api_key_id) if id_ is not None)
        if row.actor is not None:
            ids.add(row.actor.id)
    return _directory(row for some in batches(ids) for row in _name_rows(tx, ids=some))


def everything(tx: Session) -> Directory:
    """
    Every source's names together; ids are unique across an organization.

    Where two sources know an id, the one whose names were read last is right, for another may be
    read no longer. An e-mail that only the other knows is kept. Read once in a transaction, until
    something is saved in it.
    """
    known: Directory | None = tx.info.get(_EVERYTHING)
    if known is None:
        known = tx.info[_EVERYTHING] = _directory(_name_rows(tx))
    return known


def _directory(rows: Iterable[Any]) -> Directory:
    workspaces: dict[str, Workspace] = {}
    api_keys: dict[str, ApiKey] = {}
    actors: dict[str, NamedActor] = {}
    for _, kind, id_, name, workspace_id, email, tags in rows:
        if kind == "workspace":
            workspaces[id_] = Workspace(id_, name, _read_tags(tags))
        elif kind == "api_key":
            api_keys[id_] = ApiKey(id_, name, workspace_id)
        else:
            before = actors.get(id_)
            actors[id_] = NamedActor(id_, name, email or (before.email if before else None))
    return Directory(workspaces, api_keys, actors)


def _as_listed(row: Any) -> dict[str, Any]:
    return {**row._mapping, "tags": _read_tags(row.tags)}


def _read_tags(text: str) -> dict[str, str]:
    """Most have none, and every poll meets thousands of names."""
    tags: dict[str, str] = {} if text == "{}" else json.loads(text)
    return tags


def _name_rows(
    tx: Session, source: str | None = None, ids: Sequence[str] | None = None
) -> Sequence[Any]:
    """As columns: rows of the session would not see what is written past it. Tags are text."""
    table = NameRow.__table__  # type: ignore[attr-defined]
    *columns, tags = table.c
    query: Select[Any] = select(*columns, cast(tags, String).label("tags"))
    if ids is not None:
        query = query.where(table.c.id.in_(ids))
    if source is not None:
        query = query.where(table.c.source == source)
    else:
        read_at = col(SourceRow.names_read_at)
        query = query.outerjoin(SourceRow, col(SourceRow.name) == table.c.source).order_by(
            read_at.nulls_first(), table.c.source
        )
    return tx.connection().execute(query).all()


def _listed(source: str, names: Directory) -> Iterator[dict[str, Any]]:
    for workspace in names.workspaces.values():
        yield _name_row(source, "workspace", workspace, tags=dict(workspace.tags))
    for key in names.api_keys.values():
        yield _name_row(source, "api_key", key, workspace_id=key.workspace_id)
    for actor in names.actors.values():
        yield _name_row(source, "actor", actor, email=actor.email)


def _name_row(
    source: str,
    kind: str,
    named: Workspace | ApiKey | NamedActor,
    workspace_id: str | None = None,
    email: str | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "source": source,
        "kind": kind,
        "id": named.id,
        "name": named.name,
        "workspace_id": workspace_id,
        "email": email,
        "tags": tags or {},
    }
