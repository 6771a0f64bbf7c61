"""Who gets somebody's alerts while they are away."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.domain.delegations import Delegation
from store.batches import batches
from store.inserts import upsert
from store.tables import DelegationRow


def live(tx: Session, person: str, now: datetime) -> Delegation | None:
    """The delegation of a person that holds now."""
    row = tx.exec(
        select(DelegationRow).where(
            col(DelegationRow.person) == person,
            col(DelegationRow.starts_at) <= now,
            col(DelegationRow.ends_at) > now,
        )
    ).first()
    return None if row is None else Delegation(row.person, row.to, row.starts_at, row.ends_at)


def made_to(tx: Session, people: Collection[str], now: datetime) -> dict[str, list[str]]:
    """Whose alerts each of these people gets now, by Slack user id."""
    found: dict[str, list[str]] = {}
    for some in batches(people):
        rows = tx.exec(
            select(DelegationRow).where(
                col(DelegationRow.to).in_(some or []),
                col(DelegationRow.starts_at) <= now,
                col(DelegationRow.ends_at) > now,
            )
        )
        for row in rows:
            found.setdefault(row.to, []).append(row.person)
    return found


def put(tx: Session, delegation: Delegation, now: datetime) -> None:
    """From now on this one; a person has one, and a new one takes the place of the old."""
    upsert(
        tx,
        DelegationRow,
        person=delegation.person,
        to=delegation.to,
        starts_at=delegation.starts_at,
        ends_at=delegation.ends_at,
        created_at=now,
    )


def end(tx: Session, person: str, now: datetime) -> bool:
    """End it early; False when none holds."""
    done = tx.execute(
        update(DelegationRow)
        .where(col(DelegationRow.person) == person, col(DelegationRow.ends_at) > now)
        .values(ends_at=now)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]
