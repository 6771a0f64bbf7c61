"""Since when the queue of increase requests cannot be read."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from store.inserts import upsert
from store.tables import IncreaseQueueRow

_ONLY = 1


@dataclass(frozen=True, slots=True)
class Outage:
    """The queue has not been read since then, and why."""

    since: datetime
    error: str


def outage(tx: Session) -> Outage | None:
    """None: it was read the last time."""
    row = tx.get(IncreaseQueueRow, _ONLY, populate_existing=True)
    if row is None or row.failing_since is None:
        return None
    return Outage(row.failing_since, row.error or "no reason given")


def fail(tx: Session, error: str, now: datetime) -> Outage:
    """It could not be read; the outage that this belongs to."""
    before = outage(tx)
    since = before.since if before else now
    upsert(tx, IncreaseQueueRow, id=_ONLY, failing_since=since, error=error)
    return Outage(since, error)


def read(tx: Session) -> Outage | None:
    """It was read; the outage that is over by that, if there was one."""
    before = outage(tx)
    if before is not None:
        upsert(tx, IncreaseQueueRow, id=_ONLY, failing_since=None, error=None)
    return before
