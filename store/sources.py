"""How each usage source is doing, and the names behind its ids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping
from sqlmodel import Session, col, select

from bot.domain.usage import ApiKey, Directory, NamedActor, Workspace
from store.inserts import insert_once, upsert, upsert_all
from store.tables import NameRow, SourceRow


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source; all None before its first poll."""

    name: str
    covered_from: datetime | None = None
    polled_at: datetime | None = None
    ok_at: datetime | None = None
    refreshed_at: datetime | None = None
    estimated_until: datetime | None = None
    full_read_at: datetime | None = None
    full_read_rows: int = 0
    looked_back_at: datetime | None = None
    names_read_at: datetime | None = None
    blind_since: datetime | None = None
    blind_reason: str | None = None


def load(tx: Session, name: str) -> SourceState:
    row = tx.get(SourceRow, name)
    return SourceState(name) if row is None else _state(row)


def lock(tx: Session, name: str) -> SourceState:
    """
    The source's state; until this transaction ends, nobody else takes in what the source says.

    Two that replace the same hours at once would each delete what was there before, and not what
    the other writes: every charge would count twice.
    """
    insert_once(tx, SourceRow, name=name)
    query = select(SourceRow).where(col(SourceRow.name) == name).with_for_update()
    return _state(tx.exec(query.execution_options(populate_existing=True)).one())


def load_all(tx: Session) -> list[SourceState]:
    return [_state(row) for row in tx.exec(select(SourceRow).order_by(col(SourceRow.name)))]


def save(tx: Session, state: SourceState) -> None:
    upsert(
        tx,
        SourceRow,
        name=state.name,
        covered_from=state.covered_from,
        polled_at=state.polled_at,
        ok_at=state.ok_at,
        refreshed_at=state.refreshed_at,
        estimated_until=state.estimated_until,
        full_read_at=state.full_read_at,
        full_read_rows=state.full_read_rows,
        looked_back_at=state.looked_back_at,
        names_read_at=state.names_read_at,
        blind_since=state.blind_since,
        blind_reason=state.blind_reason,
    )


def save_names(tx: Session, source: str, names: Directory) -> None:
    """
    Add what a source lists now to what is known of it; whoever calls holds `lock`.

    Nothing is forgotten: spend outlives the workspace, key or user behind it, and when it is read
    again after a deletion it has to land where it was. An e-mail that the source leaves out stays
    for the same reason. Only what differs is written: 10,000 keys are read every few minutes, and
    hardly any of them has changed.
    """
    known = {(row["kind"], row["id"]): dict(row) for row in _name_rows(tx, source)}
    changed = []
    for row in _listed(source, names):
        before = known.get((row["kind"], row["id"]))
        if before is not None and row["email"] is None:
            row["email"] = before["email"]
        if row != before:
            changed.append(row)
    upsert_all(tx, NameRow, changed)


def names(tx: Session) -> Directory:
    """
    Every source's names together; ids are unique across an organization.

    Where two sources know an id, the one whose names were read last is right, for another may be
    read no longer. An e-mail that only the other knows is kept.
    """
    workspaces: dict[str, Workspace] = {}
    api_keys: dict[str, ApiKey] = {}
    actors: dict[str, NamedActor] = {}
    for row in _name_rows(tx):
        id_, name = row["id"], row["name"]
        if row["kind"] == "workspace":
            workspaces[id_] = Workspace(id_, name, row["tags"])
        elif row["kind"] == "api_key":
            api_keys[id_] = ApiKey(id_, name, row["workspace_id"])
        else:
            before = actors.get(id_)
            actors[id_] = NamedActor(id_, name, row["email"] or (before.email if before else None))
    return Directory(workspaces, api_keys, actors)


def _name_rows(tx: Session, source: str | None = None) -> Sequence[RowMapping]:
    """As columns: rows of the session would not see what is written past it."""
    table = NameRow.__table__  # type: ignore[attr-defined]
    query = select(table)
    if source is not None:
        query = query.where(table.c.source == source)
    else:
        read_at = col(SourceRow.names_read_at)
        query = query.outerjoin(SourceRow, col(SourceRow.name) == table.c.source).order_by(
            read_at.nulls_first(), table.c.source
        )
    return tx.connection().execute(query).mappings().all()


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


def _state(row: SourceRow) -> SourceState:
    values: Mapping[str, object] = row.model_dump(exclude={"compacted_to"})
    return SourceState(**values)  # type: ignore[arg-type]
