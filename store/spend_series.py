"""What a budget spent hour by hour, for a replay: the whole past, not only what a forecast remembers."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.domain.money import Micros
from bot.domain.policy import Basis
from bot.domain.usage import Window
from store.batches import batches
from store.tables import ChargeRow


def charged(
    tx: Session, budgets: Collection[str], basis: Basis
) -> list[tuple[datetime, datetime, Micros]]:
    """
    Beginning, end and sum of what these budgets were charged, added up by both; in no order.

    Mostly hours; days where hours were compacted, or a file was imported that knows no hours.
    """
    amount = ChargeRow.net if basis is Basis.NET else ChargeRow.list
    found: list[tuple[datetime, datetime, Micros]] = []
    for some in batches(budgets):
        query = (
            select(ChargeRow.starts_at, ChargeRow.ends_at, func.sum(amount))
            .where(col(ChargeRow.budget).in_(some or []))
            .group_by(col(ChargeRow.starts_at), col(ChargeRow.ends_at))
        )
        found += [(begin, end, Micros(int(total))) for begin, end, total in tx.execute(query)]
    return found


def covered(tx: Session) -> Window | None:
    """From the first charge of any budget to the end of the last one; None: there is none."""
    first, last = tx.execute(
        select(func.min(ChargeRow.starts_at), func.max(ChargeRow.ends_at))
    ).one()
    return Window(first, last) if first is not None else None
