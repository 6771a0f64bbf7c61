"""Who has spent from budgets."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from store.batches import batches
from store.tables import ChargeRow


def has_spent(tx: Session, budgets: Collection[str], email: str, since: datetime) -> bool:
    """Whether a charge of one of these budgets since then names this e-mail address."""
    for some in batches(budgets):
        found = tx.exec(
            select(ChargeRow.id)
            .where(
                col(ChargeRow.budget).in_(some or []),
                col(ChargeRow.starts_at) >= since,
                func.lower(col(ChargeRow.actor_email)) == email.lower(),
            )
            .limit(1)
        ).first()
        if found is not None:
            return True
    return False
