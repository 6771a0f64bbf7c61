"""Alerts for which something is due: taken by one replica at a time."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.domain.escalation import Step
from store import alerts
from store.alert_rows import SentAlert
from store.tables import AlertRow

AT_ONCE = 1_000  # alerts of one run; the others have their turn in the next


def due(tx: Session, now: datetime) -> list[int]:
    """Ids of the alerts for which something is due, the longest waiting first."""
    query = select(AlertRow.id).where(col(AlertRow.escalate_at) <= now)
    found = tx.exec(query.order_by(col(AlertRow.escalate_at), col(AlertRow.id)).limit(AT_ONCE))
    return [id_ for id_ in found if id_ is not None]


def take(tx: Session, alert_id: int, now: datetime) -> SentAlert | None:
    """
    The alert, locked, if something is due for it still; None when another replica has it.

    Whoever answers at the same moment waits for the lock, or was first and nothing is due.
    """
    query = select(AlertRow.id).where(
        col(AlertRow.id) == alert_id, col(AlertRow.escalate_at) <= now
    )
    if tx.exec(query.with_for_update(skip_locked=True)).first() is None:
        return None
    return alerts.load(tx, alert_id)


def told(
    tx: Session,
    alert: SentAlert,
    step: Step,
    number: int,
    then: datetime | None,
    *,
    again: bool,
) -> None:
    """
    A step was taken in the round of that number; `then` the next one is due.

    `again`: the answer's term is over, so the alert waits for another.
    """
    if again:
        _set(tx, alert.id, answer=None, answer_note=None, answered_by=None)
        _set(tx, alert.id, answered_at=None, answer_until=None)
    _set(
        tx,
        alert.id,
        escalated=int(step),
        furthest=max(int(alert.furthest), int(step)),
        round=number,
        escalate_at=then,
    )


def wait(tx: Session, alert_id: int, until: datetime | None) -> None:
    """Look at it again then; None: nothing will be due."""
    _set(tx, alert_id, escalate_at=until)


def over(tx: Session, alert_id: int, now: datetime) -> None:
    """What it told has ended by itself; nothing is due any more, and nobody is asked."""
    _set(tx, alert_id, escalate_at=None, over_at=now)


def _set(tx: Session, alert_id: int, **values: object) -> None:
    tx.execute(update(AlertRow).where(col(AlertRow.id) == alert_id).values(**values))
