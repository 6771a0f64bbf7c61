"""How much each person used of a model on a UTC day, as a source says that knows people."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bot.domain.usage import PersonShare
from store.inserts import upsert_all
from store.tables import PersonShareRow


def save(tx: Session, source: str, days: Collection[date], shares: Collection[PersonShare]) -> None:
    """
    Make these days say what the source says now; other days stay.

    A share of another day would never be replaced, so it is refused. In the order of the key and
    as updates where a row is there, so that two replicas that save at once do not block each other.
    """
    if any(share.day not in days for share in shares):
        raise ValueError("a share lies outside the days that are replaced")
    tx.execute(
        delete(PersonShareRow).where(
            col(PersonShareRow.source) == source, col(PersonShareRow.day).in_(list(days))
        )
    )
    ordered = sorted(shares, key=lambda share: (share.day, share.model, share.person))
    upsert_all(
        tx,
        PersonShareRow,
        [
            {
                "source": source,
                "day": share.day,
                "model": share.model,
                "person": share.person,
                "weight": share.weight,
            }
            for share in ordered
        ],
    )


def between(tx: Session, first: date, last: date) -> list[PersonShare]:
    """The shares of the days from `first` to `last`, both included, of every source."""
    rows = tx.exec(
        select(PersonShareRow)
        .where(col(PersonShareRow.day) >= first, col(PersonShareRow.day) <= last)
        .order_by(
            col(PersonShareRow.day),
            col(PersonShareRow.model),
            col(PersonShareRow.person),
            col(PersonShareRow.source),
        )
    )
    return [PersonShare(row.day, row.model, row.person, row.weight) for row in rows]


def prune(tx: Session, before: date) -> None:
    """Forget what is older than `before`; that day itself stays."""
    tx.execute(delete(PersonShareRow).where(col(PersonShareRow.day) < before))
