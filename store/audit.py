"""The record: append-only, numbered without gaps, each row's hash covering the one before."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from store.inserts import insert_once
from store.tables import AuditHeadRow, AuditRow

GENESIS = "0" * 64
SYSTEM = "budget-bot"  # the actor of what nobody pressed
_NOTES = "audit_notes"
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: who, when, what, to what, and the figures and policy as they were."""

    seq: int
    at: datetime
    kind: str
    actor: str
    subject: str
    data: Mapping[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds; else the first row that does not."""

    rows: int
    broken_at: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class _Note:
    kind: str
    actor: str
    subject: str
    data: Mapping[str, Any]
    at: datetime


def note(
    tx: Session, kind: str, actor: str, subject: str, data: Mapping[str, Any], now: datetime
) -> None:
    """
    Say that something happened; it is written with the transaction, just before its commit.

    That late, because the end of the chain is one row for everybody: taken early it would be held
    while other locks are waited for, and two transactions could wait for each other.
    """
    tx.info.setdefault(_NOTES, []).append(_Note(kind, actor, subject, data, now))


def mark(tx: Session) -> int:
    """How much was noted so far; `forget` takes back what came after."""
    return len(tx.info.get(_NOTES, ()))


def forget(tx: Session, since: int) -> None:
    del tx.info.get(_NOTES, [])[since:]


def write(tx: Session, key: bytes | None) -> None:
    """
    Append what was noted. Numbers come from the locked head row: a sequence would leave gaps.

    With a key the chain is an HMAC, which an administrator of the database cannot compute anew;
    without one it is a plain hash and only shows accidents.
    """
    notes: list[_Note] = tx.info.pop(_NOTES, [])
    if not notes:
        return
    insert_once(tx, AuditHeadRow, id=1, seq=0, hash=GENESIS)
    locked = select(AuditHeadRow).where(col(AuditHeadRow.id) == 1).with_for_update()
    head = tx.exec(locked.execution_options(populate_existing=True)).one()
    for start in range(0, len(notes), _AT_ONCE):
        _append(tx, head, notes[start : start + _AT_ONCE], key)
    tx.add(head)
    tx.flush()


def _append(tx: Session, head: AuditHeadRow, notes: Sequence[_Note], key: bytes | None) -> None:
    """By the connection: the session would keep a row for each until the commit."""
    rows: list[dict[str, Any]] = []
    for n in notes:
        head.seq += 1
        digest = _hash(key, head.hash, head.seq, n.at, n.kind, n.actor, n.subject, n.data)
        rows.append(
            {
                "seq": head.seq,
                "at": n.at,
                "kind": n.kind,
                "actor": n.actor,
                "subject": n.subject,
                "data": dict(n.data),
                "previous_hash": head.hash,
                "hash": digest,
            }
        )
        head.hash = digest
    tx.connection().execute(insert(AuditRow.__table__), rows)  # type: ignore[attr-defined]


def length(tx: Session) -> int:
    """How many entries there are: whether anything was decided, answered or confirmed since."""
    head = tx.get(AuditHeadRow, 1, populate_existing=True)
    return 0 if head is None else head.seq


def entries(
    tx: Session, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Entry]:
    """Rows in order, from `since` up to, but not including, `until`."""
    query = select(AuditRow).order_by(col(AuditRow.seq))
    if since is not None:
        query = query.where(col(AuditRow.at) >= since)
    if until is not None:
        query = query.where(col(AuditRow.at) < until)
    for row in tx.exec(query):
        yield Entry(**row.model_dump())


def verify(tx: Session, key: bytes | None) -> Verdict:
    """Compute the whole chain again, and hold it against the head."""
    previous, count = GENESIS, 0
    for entry in entries(tx):
        count += 1
        if entry.seq != count:
            return Verdict(count, count, f"row {count} is missing")
        expected = _hash(
            key, previous, entry.seq, entry.at, entry.kind, entry.actor, entry.subject, entry.data
        )
        if entry.previous_hash != previous or entry.hash != expected:
            return Verdict(count, entry.seq, f"row {entry.seq} was changed, or the key is another")
        previous = entry.hash
    head = tx.get(AuditHeadRow, 1)
    end = (head.seq, head.hash) if head is not None else (0, GENESIS)
    if end != (count, previous):
        return Verdict(count, count + 1, f"rows after {count} were removed")
    return Verdict(count)


def _hash(
    key: bytes | None,
    previous: str,
    seq: int,
    at: datetime,
    kind: str,
    actor: str,
    subject: str,
    data: Mapping[str, Any],
) -> str:
    content = [previous, seq, at.astimezone(UTC).isoformat(), kind, actor, subject, data]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    if key:
        return hmac.new(key, text, hashlib.sha256).hexdigest()
    return hashlib.sha256(text).hexdigest()
