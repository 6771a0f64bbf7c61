"""Alerts of some budgets that wait for an answer."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId
from store.alert_rows import SentAlert, sent_of
from store.batches import batches
from store.tables import AlertRow

_LONGEST_PERIOD = timedelta(days=100)


def waiting(tx: Session, budgets: Collection[BudgetId], now: datetime) -> list[SentAlert]:
    """Those that people got, of periods that still run; the worst and newest first."""
    found: list[SentAlert] = []
    for some in batches(budgets):
        rows = tx.exec(
            select(AlertRow).where(
                col(AlertRow.budget).in_(some or []),
                col(AlertRow.fired_at) > now - _LONGEST_PERIOD,
                col(AlertRow.muted_by).is_(None),
                col(AlertRow.replaced_by).is_(None),
            )
        )
        found += [sent_of(row) for row in rows]
    waits = [a for a in found if a.is_open(now) and now < a.figures.period_ends_at]
    return sorted(waits, key=lambda a: (-int(a.stage), -a.id))
