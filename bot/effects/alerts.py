"""What goes out about an alert after it fired: its copies brought up to date."""

from datetime import datetime

from sqlmodel import Session

from bot.effects import messages
from bot.parts import Bot
from bot.render.alert import alert_message
from bot.render.answer import Replaced, Shown
from store import alerts
from store.alert_rows import SentAlert


def subject(alert_id: int) -> str:
    return f"alert:{alert_id}"


def show(tx: Session, bot: Bot, alert: SentAlert, now: datetime, state: str) -> None:
    """Every copy of an alert, with what was said and by what it was replaced; `state` names it."""
    shown = Shown(
        answer=alert.answer,
        feedback=(alert.feedback, alert.feedback_by or "") if alert.feedback else None,
        replaced=_replaced(tx, bot, alert),
    )
    rendered = alert_message(alert.id, alert.figures, shown)
    messages.update_copies(tx, subject(alert.id), state, rendered, now)


def _replaced(tx: Session, bot: Bot, alert: SentAlert) -> Replaced | None:
    newer = alerts.load(tx, alert.replaced_by) if alert.replaced_by else None
    if newer is None:
        return None
    budget = bot.policy.tree.budgets.get(newer.budget)
    name = budget.name if budget and newer.budget != alert.budget else None
    return Replaced(newer.stage, newer.fired_at, name)
