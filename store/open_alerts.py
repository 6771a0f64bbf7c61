"""Alerts of the present period that no worse stage has replaced."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId
from bot.domain.escalation import Step
from store.alert_rows import SentAlert, sent_of
from store.batches import batches
from store.tables import AlertRow

_LONGEST_PERIOD = timedelta(days=100)


def standing(tx: Session, budgets: Collection[BudgetId], now: datetime) -> list[SentAlert]:
    """
    Those of some budgets, and of any budget those that nobody answered until the approvers were
    asked; answered or not, the worst and newest first.
    """
    found = _select(tx, col(AlertRow.escalated) >= int(Step.APPROVERS), now)
    for some in batches(budgets):
        found |= _select(tx, col(AlertRow.budget).in_(some or []), now)
    stands = [a for a in found.values() if now < a.figures.period_ends_at]
    return sorted(stands, key=lambda a: (-int(a.stage), -a.id))


def _select(tx: Session, those: ColumnElement[bool], now: datetime) -> dict[int, SentAlert]:
    rows = tx.exec(
        select(AlertRow).where(
            those,
            col(AlertRow.fired_at) > now - _LONGEST_PERIOD,
            col(AlertRow.muted_by).is_(None),
            col(AlertRow.replaced_by).is_(None),
        )
    )
    return {alert.id: alert for alert in map(sent_of, rows)}
