"""How each usage source is doing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from store.inserts import insert_once, upsert
from store.tables import SourceRow


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
    row = tx.get(SourceRow, name, populate_existing=True)
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


def _state(row: SourceRow) -> SourceState:
    values: Mapping[str, object] = row.model_dump(exclude={"compacted_to"})
    return SourceState(**values)  # type: ignore[arg-type]
