"""The record: append-only, numbered without gaps, each row's hash covering the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from bot.domain.errors import ConfigError
from store.audit_chain import GENESIS, KEYED, REKEYED
from store.audit_keys import PLAIN, UNKNOWN, Content, Keys, name
from store.inserts import insert_once
from store.tables import AuditHeadRow, AuditRow

NO_KEY = (
    "AUDIT_KEY: the record goes on under a key that is not set here, or its last row was changed "
    "(budget-bot audit verify says which). Set the key; if it is lost, a new one, and then the rows "
    "before it can no longer be checked"
)
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

    @property
    def content(self) -> Content:
        return Content(
            self.previous_hash, self.seq, self.at, self.kind, self.actor, self.subject, self.data
        )


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

    A row says when another key takes over. Raises ConfigError when the record is kept with a key
    that is not at hand: a row without it would break the chain for ever.
    """
    notes: list[_Note] = tx.info.pop(_NOTES, [])
    if not notes:
        return
    insert_once(tx, AuditHeadRow, id=1, seq=0, hash=GENESIS)
    locked = select(AuditHeadRow).where(col(AuditHeadRow.id) == 1).with_for_update()
    head = tx.exec(locked.execution_options(populate_existing=True)).one()
    by, switch = _key_for(tx, head, Keys.of(key), notes[0].at)
    if switch is not None:
        notes.insert(0, switch)
    for start in range(0, len(notes), _AT_ONCE):
        _append(tx, head, notes[start : start + _AT_ONCE], by)
    tx.add(head)
    tx.flush()


def _key_for(
    tx: Session, head: AuditHeadRow, keys: Keys, now: datetime
) -> tuple[bytes | None, _Note | None]:
    """
    The key that goes on, and the row that says so where it is another than before.

    The last row says by which it was written. While replicas change keys one after the other, one
    that still puts the old key first goes on with the new one: there is no way back.
    """
    last = _last(tx, head.seq)
    if last is None:
        return keys.current, None
    held, current = keys.held_by(last.content, last.hash), name(keys.current)
    if held == current:
        return keys.current, None
    if held == UNKNOWN and (not keys.values or _was_left(tx, current)):
        raise ConfigError(NO_KEY)
    if held not in {PLAIN, UNKNOWN} and _was_left(tx, current):
        return keys.names()[held], None
    kind = KEYED if held == PLAIN else REKEYED
    data = {"key": current, "before": held, "rows": head.seq}
    return keys.current, _Note(kind, SYSTEM, "audit", data, now)


def _last(tx: Session, seq: int) -> Entry | None:
    row = tx.exec(select(AuditRow).where(col(AuditRow.seq) == seq)).first() if seq else None
    return None if row is None else Entry(**row.model_dump())


def _was_left(tx: Session, key: str) -> bool:
    """Whether another key has taken over from this one; asked only while keys change."""
    rows = tx.exec(select(AuditRow.data).where(col(AuditRow.kind) == REKEYED))
    return any(data.get("before") == key for data in rows)


def _append(tx: Session, head: AuditHeadRow, notes: Sequence[_Note], key: bytes | None) -> None:
    """By the connection: the session would keep a row for each until the commit."""
    rows: list[dict[str, Any]] = []
    for n in notes:
        head.seq += 1
        content = Content(head.hash, head.seq, n.at, n.kind, n.actor, n.subject, n.data)
        digest = content.hashed(key)
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
