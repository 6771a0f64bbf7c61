"""What there is to do for the budgets that are looked at: for most nothing, and no savepoint."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import BudgetId
from bot.domain.standings import Standing
from store import raises


def may_alert(standing: Standing) -> bool:
    """Whether there is anything to tell, told before or not."""
    sudden = standing.outlook is not None and standing.outlook.spike is not None
    return standing.limit is not None and (sudden or standing.stage is not None)


def with_an_end(tx: Session, now: datetime) -> frozenset[BudgetId]:
    """Budgets with a raise that is over by the clock, and that no run has acted on yet."""
    return frozenset(record.raised.budget for record in raises.ended_unnoted(tx, now))
