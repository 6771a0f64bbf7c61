"""How good our own alerts were: answered in time, escalated, useful or noise, early enough or not."""

from datetime import datetime, timedelta
from statistics import median

from sqlmodel import Session, col, select

from bot.domain.alerts import AlertQuality, Feedback
from bot.domain.budgets import Stage
from bot.domain.escalation import Step
from store import alerts
from store.alert_rows import SentAlert
from store.tables import AlertRow


def quality_between(tx: Session, starts_at: datetime, ends_at: datetime) -> AlertQuality:
    """The alerts fired from `starts_at` up to, but not including, `ends_at`."""
    fired = alerts.fired_between(tx, starts_at, ends_at)
    answered = [(a.first_answered_at, a) for a in fired if a.first_answered_at is not None]
    leads = [_lead(tx, a) for a in fired if a.stage is Stage.EXHAUSTED]
    return AlertQuality(
        fired=len(fired),
        answered=len(answered),
        in_time=sum(at <= alert.figures.answer_by for at, alert in answered),
        escalated=sum(a.furthest >= Step.BACKUP for a in fired),
        useful=sum(a.feedback is Feedback.USEFUL for a in fired),
        noise=sum(a.feedback is Feedback.NOISE for a in fired),
        lead=timedelta(seconds=median(leads)) if leads else None,
    )


def _lead(tx: Session, exhausted: SentAlert) -> int:
    """Seconds from the first warning that asked for something to the limit."""
    warned_at = tx.exec(
        select(AlertRow.fired_at)
        .where(
            col(AlertRow.budget) == exhausted.budget,
            col(AlertRow.first_day) == exhausted.first_day,
            col(AlertRow.stage).in_([int(Stage.RESPOND), int(Stage.INTERVENE)]),
            col(AlertRow.fired_at) <= exhausted.fired_at,
        )
        .order_by(col(AlertRow.fired_at))
        .limit(1)
    ).first()
    return (exhausted.fired_at - (warned_at or exhausted.fired_at)) // timedelta(seconds=1)
