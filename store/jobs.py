"""Which replica runs a job in a slot of time: the first that writes it down."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col

from store.inserts import insert_once
from store.tables import JobRunRow

KEPT = timedelta(days=2)


def take(tx: Session, job: str, slot: datetime) -> bool:
    """Whether this replica runs the job in this slot; one that dies after it loses that slot."""
    tx.execute(delete(JobRunRow).where(col(JobRunRow.slot) < slot - KEPT))
    return insert_once(tx, JobRunRow, job=job, slot=slot)
