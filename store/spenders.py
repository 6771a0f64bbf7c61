"""Who has spent from budgets."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from bot.domain.money import Micros
from bot.domain.policy import Basis
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


def budgets_of(
    tx: Session, actor_id: str, email: str | None, since: datetime, basis: Basis
) -> dict[str, Micros]:
    """What somebody was charged since then, by budget, the most first; ids and addresses both count."""
    amount = func.sum(ChargeRow.net if basis is Basis.NET else ChargeRow.list)
    who = col(ChargeRow.actor_id) == actor_id
    if email is not None:
        who = or_(who, func.lower(col(ChargeRow.actor_email)) == email.lower())
    rows = tx.execute(
        select(ChargeRow.budget, amount)
        .where(col(ChargeRow.starts_at) >= since, who)
        .group_by(col(ChargeRow.budget))
        .order_by(amount.desc(), col(ChargeRow.budget))
    )
    return {budget: Micros(int(total)) for budget, total in rows if total > 0}
