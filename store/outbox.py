"""The outbox: what has to be sent, written in the transaction that decided it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from store.batches import batches
from store.inserts import insert_once
from store.tables import OutboxRow

outbox: sa.Table = OutboxRow.__table__  # type: ignore[attr-defined]
_PENDING = outbox.c.state == "pending"
OPEN = ("pending", "dead", "edited")  # what an operator may still have to do with


class Lane(StrEnum):
    """Entries of different lanes never wait for each other."""

    SLACK = "slack"
    WEBHOOK = "webhook"
    GATEWAY = "gateway"  # targets spoken to in their own words: several calls for one state
    INCREASES = "increases"  # what was decided on increase requests, for Anthropic


@dataclass(frozen=True, slots=True)
class NewEntry:
    """
    A call to make, whole.

    `key` says what "the same" means; `stream` keeps order among entries that share it; `subject`
    is the thing it is about (`request:42`); a lower `priority` goes first.
    """

    key: str
    stream: str
    subject: str
    lane: Lane
    kind: str
    request: Mapping[str, Any]
    priority: int = 5


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A claimed entry; `attempts` is the fence of whoever claimed it."""

    id: int
    key: str
    stream: str
    subject: str
    lane: Lane
    kind: str
    request: Mapping[str, Any]
    attempts: int
    created_at: datetime
    state: str = "pending"
    due_at: datetime | None = None
    done_at: datetime | None = None
    error: str | None = None
    result: Mapping[str, Any] | None = field(default=None)


def add(tx: Session, entry: NewEntry, now: datetime) -> bool:
    """Write an entry once; False when its key is there already, so callers may repeat freely."""
    return insert_once(
        tx,
        OutboxRow,
        key=entry.key,
        stream=entry.stream,
        subject=entry.subject,
        lane=entry.lane.value,
        kind=entry.kind,
        priority=entry.priority,
        request=dict(entry.request),
        created_at=now,
        due_at=now,
        attempts=0,
        state="pending",
    )


def claim(
    tx: Session, lane: Lane, now: datetime, *, limit: int, lease: timedelta
) -> list[OutboxEntry]:
    """
    Take up to `limit` due entries of a lane, and of each stream only the oldest that is open.

    Claiming moves `due_at` to the end of the lease, so a worker that dies gives back by itself.
    The candidates are a CTE because PostgreSQL evaluates that once; `id IN (SELECT … LIMIT n)`
    under a nested-loop plan runs again for every row and takes them all. SQLite drops
    FOR UPDATE and needs none: BEGIN IMMEDIATE lets in one writer at a time.
    """
    candidate, older = outbox.alias("candidate"), outbox.alias("older")
    blocked = sa.exists().where(
        older.c.stream == candidate.c.stream,
        older.c.state == "pending",
        older.c.id < candidate.c.id,
    )
    due = (
        sa.select(candidate.c.id)
        .where(
            candidate.c.state == "pending",
            candidate.c.lane == lane.value,
            candidate.c.due_at <= now,
            ~blocked,
        )
        .order_by(candidate.c.priority, candidate.c.id)
        .limit(limit)
        .with_for_update(of=candidate, skip_locked=True)
        .cte("due")
    )
    claimed = tx.execute(
        sa.update(outbox)
        .where(outbox.c.id.in_(sa.select(due.c.id)))
        .values(due_at=now + lease, attempts=outbox.c.attempts + 1)
        .returning(*_columns(), outbox.c.priority)
    )
    # RETURNING promises no order.
    rows = sorted(claimed, key=lambda row: (row.priority, row.id))
    return [_entry(row) for row in rows]


def settle(
    tx: Session, entry: OutboxEntry, now: datetime, result: Mapping[str, Any] | None = None
) -> bool:
    """Close an entry that was sent; False when the lease ran out and another worker has it."""
    values: dict[str, Any] = {"state": "done", "done_at": now, "error": None}
    if result is not None:
        values["result"] = dict(result)
    return _update_if_ours(tx, entry, **values)


def retry(tx: Session, entry: OutboxEntry, due_at: datetime, error: str) -> bool:
    """Offer an entry again later; False as for `settle`."""
    return _update_if_ours(tx, entry, due_at=due_at, error=error)


def bury(tx: Session, entry: OutboxEntry, now: datetime, error: str) -> bool:
    """Give up on an entry; it stays visible with its last answer, and lets its stream pass."""
    return _update_if_ours(tx, entry, state="dead", done_at=now, error=error)


def leave(tx: Session, entry: OutboxEntry, now: datetime, error: str) -> bool:
    """Somebody else changed what it is about: not sent, not given up, until an operator says so."""
    return _update_if_ours(tx, entry, state="edited", done_at=now, error=error)


def drop(tx: Session, entry: OutboxEntry, now: datetime, why: str) -> bool:
    """What it says is no longer so."""
    return _update_if_ours(tx, entry, state="superseded", done_at=now, error=why)


def replace(tx: Session, keys: Collection[str], now: datetime) -> None:
    """Another entry says what these would have said."""
    values = {"state": "superseded", "done_at": now}
    for some in batches(keys):
        tx.execute(sa.update(outbox).where(outbox.c.key.in_(some or []), _PENDING).values(**values))


def drop_untried(tx: Session, subjects: Collection[str], kind: str, now: datetime) -> None:
    """What another entry overtook before anybody tried to send it; what was tried may be there."""
    values = {"state": "superseded", "done_at": now}
    those = (outbox.c.subject.in_(subjects), outbox.c.kind == kind, outbox.c.attempts == 0)
    tx.execute(sa.update(outbox).where(*those, _PENDING).values(**values))


def hurry(tx: Session, stream: str, priority: int) -> None:
    """What stands before something urgent in its stream is as urgent, or it would hold that up."""
    slower = (outbox.c.stream == stream, outbox.c.priority > priority)
    tx.execute(sa.update(outbox).where(*slower, _PENDING).values(priority=priority))


def mark(tx: Session, key: str, state: str, now: datetime, error: str | None) -> bool:
    """Of an entry that was sent: it no longer stands there (`edited`), or does again (`done`)."""
    done = tx.execute(
        sa.update(outbox)
        .where(outbox.c.key == key, outbox.c.state.in_(("done", "edited")))
        .values(state=state, done_at=now, error=error)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def supersede(tx: Session, stream: str, before: str, now: datetime) -> None:
    """
    Close the entries of a stream other than `before`: an old value must not arrive late.

    Given-up ones and those left alone too, or an operator would send one of them again.
    """
    tx.execute(
        sa.update(outbox)
        .where(
            outbox.c.stream == stream,
            outbox.c.key != before,
            outbox.c.state.in_(OPEN),
        )
        .values(state="superseded", done_at=now)
    )


def revive(tx: Session, key: str, now: datetime, request: Mapping[str, Any] | None = None) -> bool:
    """
    Send an entry again under the same key (the same webhook-id); False when it is open.

    A `request` replaces what it said: a limit is sent with the figures of today.
    """
    values: dict[str, Any] = {"state": "pending", "due_at": now, "attempts": 0, "done_at": None}
    if request is not None:
        values["request"] = dict(request)
    done = tx.execute(sa.update(outbox).where(outbox.c.key == key, ~_PENDING).values(**values))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def find(tx: Session, key: str, *, lock: bool = False) -> OutboxEntry | None:
    query = sa.select(*_columns()).where(outbox.c.key == key)
    row = tx.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _entry(row)


def found(tx: Session, keys: Collection[str]) -> dict[str, OutboxEntry]:
    """The entries that are there under these keys."""
    entries: dict[str, OutboxEntry] = {}
    for some in batches(keys):
        rows = tx.execute(sa.select(*_columns()).where(outbox.c.key.in_(some or [])))
        entries |= {row.key: _entry(row) for row in rows}
    return entries


def get(tx: Session, entry_id: int) -> OutboxEntry | None:
    row = tx.execute(sa.select(*_columns()).where(outbox.c.id == entry_id)).first()
    return None if row is None else _entry(row)


def about(tx: Session, subject: str, kind: str) -> list[OutboxEntry]:
    """Every entry of a kind about a subject, the oldest first."""
    rows = tx.execute(
        sa.select(*_columns())
        .where(outbox.c.subject == subject, outbox.c.kind == kind)
        .order_by(outbox.c.id)
    )
    return [_entry(row) for row in rows]


def undelivered(tx: Session) -> list[OutboxEntry]:
    """What is waiting, was given up, or was left as somebody else has changed it, for operators."""
    rows = tx.execute(sa.select(*_columns()).where(outbox.c.state.in_(OPEN)).order_by(outbox.c.id))
    return [_entry(row) for row in rows]


def written_since(tx: Session, after_id: int) -> list[OutboxEntry]:
    """Entries newer than an id; what a dry run would have said."""
    rows = tx.execute(sa.select(*_columns()).where(outbox.c.id > after_id).order_by(outbox.c.id))
    return [_entry(row) for row in rows]


def due_by(tx: Session, moment: datetime) -> bool:
    """Whether an open entry becomes due by then."""
    waiting = sa.select(outbox.c.id).where(_PENDING, outbox.c.due_at <= moment).limit(1)
    return tx.execute(waiting).first() is not None


def newest_id(tx: Session) -> int:
    return int(tx.exec(select(sa.func.max(col(OutboxRow.id)))).one() or 0)


def depth(tx: Session) -> dict[tuple[str, str], int]:
    """How many entries wait, were given up or left alone, by lane and state."""
    rows = tx.execute(
        sa.select(outbox.c.lane, outbox.c.state, sa.func.count())
        .where(outbox.c.state.in_(OPEN))
        .group_by(outbox.c.lane, outbox.c.state)
    )
    return {(lane, state): int(count) for lane, state, count in rows}


def _update_if_ours(tx: Session, entry: OutboxEntry, **values: Any) -> bool:
    # The number of attempts is the fence: every claim raises it.
    ours = (outbox.c.id == entry.id, outbox.c.attempts == entry.attempts, _PENDING)
    done = tx.execute(sa.update(outbox).where(*ours).values(**values))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _columns() -> list[sa.Column[Any]]:
    c = outbox.c
    return [
        c.id,
        c.key,
        c.stream,
        c.subject,
        c.lane,
        c.kind,
        c.request,
        c.attempts,
        c.created_at,
        c.state,
        c.due_at,
        c.done_at,
        c.error,
        c.result,
    ]


def _entry(row: Any) -> OutboxEntry:
    return OutboxEntry(
        id=row.id,
        key=row.key,
        stream=row.stream,
        subject=row.subject,
        lane=Lane(row.lane),
        kind=row.kind,
        request=row.request,
        attempts=row.attempts,
        created_at=row.created_at,
        state=row.state,
        due_at=row.due_at,
        done_at=row.done_at,
        error=row.error,
        result=row.result,
    )
