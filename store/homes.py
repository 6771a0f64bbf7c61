"""
Whose Home tab is kept up to date, and what it shows: read from the outbox.

Everything about one person's tab is one stream, so an older state never arrives after a newer one.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from store import outbox as entries
from store.batches import batches
from store.outbox import Lane, NewEntry, OutboxEntry
from store.tables import OutboxRow

KIND = "slack.home"
OPENED = "home:opened"  # the subject of entries that somebody's opening has made
CHANGED = "home:changed"  # and of those that something they see has made
KEPT = timedelta(days=30)  # since they last looked
TOLD_APART = timedelta(days=1)  # an event that Slack delivers again after that is a new one
_URGENT, _LAST = 2, 9  # an alert goes before a tab that nobody may be looking at
_outbox: sa.Table = OutboxRow.__table__  # type: ignore[attr-defined]
_HOMES = _outbox.c.subject.in_((OPENED, CHANGED))


def open_for(tx: Session, person: str, event: str, now: datetime) -> bool:
    """
    Publish for somebody who has opened it; False when the event was here before.

    What waits already, and nobody has begun to send, says no more than this one.
    """
    name = f"opened:{event}"
    if not _add(tx, person, name, OPENED, _URGENT, {}, now):
        return False
    c, stream = _outbox.c, _stream(person)
    others = (c.stream == stream, c.key != f"{stream}:{name}")
    waits = (c.state == "pending", c.attempts == 0)  # begun, it could arrive after this one
    values = {"state": "superseded", "done_at": now}
    tx.execute(sa.update(_outbox).where(*others, *waits).values(**values))
    return True


def change_for(tx: Session, person: str, digest: str, after: OutboxEntry, now: datetime) -> bool:
    """
    Publish anew; False when another replica has asked for it.

    `after` is the entry that showed something else: what was shown before it may come again.
    """
    name, known = f"{after.id}:{digest}", {"groups": list((after.result or {}).get("groups", ()))}
    return _add(tx, person, name, CHANGED, _LAST, known, now)


def put_off(tx: Session, until: datetime) -> None:
    """Slack takes no more tabs before then: none that waits is tried in vain."""
    c = _outbox.c
    waits = (_HOMES, c.state == "pending", c.attempts == 0, c.due_at < until)
    tx.execute(sa.update(_outbox).where(*waits).values(due_at=until))


def openers(tx: Session, now: datetime, most: int) -> list[str]:
    """Who opened it in the last 30 days, the latest first; at most so many."""
    c = _outbox.c
    rows = tx.execute(
        sa.select(c.stream)
        .where(c.subject == OPENED, c.created_at > now - KEPT)
        .group_by(c.stream)
        .order_by(sa.func.max(c.id).desc())
        .limit(most)
    )
    return [row.stream.removeprefix("home:") for row in rows]


def newest(tx: Session, people: Collection[str]) -> dict[str, OutboxEntry]:
    """The last entry of each of these people, whatever became of it."""
    c, keys = _outbox.c, []
    for some in batches([_stream(person) for person in people]):
        last = (
            sa.select(sa.func.max(c.id)).where(_HOMES, c.stream.in_(some or [])).group_by(c.stream)
        )
        keys += [row.key for row in tx.execute(sa.select(c.key).where(c.id.in_(last)))]
    return {str(e.request["person"]): e for e in entries.found(tx, keys).values()}


def last_tried(tx: Session) -> OutboxEntry | None:
    """The entry that was published, or refused, last of all."""
    c = _outbox.c
    query = sa.select(c.key).where(_HOMES, c.attempts > 0).order_by(c.id.desc()).limit(1)
    key = tx.execute(query).scalar()
    return None if key is None else entries.find(tx, key)


def forget_old(tx: Session, now: datetime) -> None:
    """
    Entries that say nothing any more: a tab is no record of anything.

    Of each person the last of either kind is kept for as long as their tab is.
    """
    c = _outbox.c
    last = sa.select(sa.func.max(c.id)).where(_HOMES).group_by(c.stream, c.subject)
    old = sa.or_(
        c.created_at <= now - KEPT,
        sa.and_(c.created_at <= now - TOLD_APART, c.id.not_in(last)),
    )
    tx.execute(sa.delete(_outbox).where(_HOMES, c.state != "pending", old))


def _stream(person: str) -> str:
    return f"home:{person}"


def _add(
    tx: Session,
    person: str,
    name: str,
    subject: str,
    priority: int,
    known: Mapping[str, Sequence[Any]],
    now: datetime,
) -> bool:
    stream = _stream(person)
    call = {"person": person, **known}
    key = f"{stream}:{name}"
    return entries.add(tx, NewEntry(key, stream, subject, Lane.SLACK, KIND, call, priority), now)
