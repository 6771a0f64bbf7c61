"""A budget above that is exhausted: its limit is what binds, so milder stages below are not told."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.alerts import Alert
from bot.domain.budgets import BudgetId, Stage
from bot.domain.standings import Standing
from bot.effects import alerts as alert_effects
from bot.effects import messages
from bot.parts import Bot
from bot.render.above import lead_below
from bot.render.alert import alert_message
from store import alerts, audit, standings, told


def exhausted(tx: Session, bot: Bot, alert: Alert, now: datetime) -> Standing | None:
    """The nearest budget above that is exhausted, by fresh figures; None for a worse stage here."""
    if alert.stage >= Stage.EXHAUSTED:
        return None
    return is_under(tx, bot, alert.standing.budget.id, now)


def is_under(tx: Session, bot: Bot, budget: BudgetId, now: datetime) -> Standing | None:
    """The nearest budget above that is exhausted, by fresh figures."""
    _, *parents = bot.policy.tree.path(budget)
    if not parents:
        return None
    found = standings.gather(tx, bot.policy, now, parents)
    over = (found[parent] for parent in parents)
    return next((s for s in over if s.stage is Stage.EXHAUSTED and not s.freshness.stale), None)


def tell(tx: Session, bot: Bot, alert: Alert, binds: Standing, now: datetime) -> None:
    """
    Whoever would have got the alert gets the one of the budget above, once.

    Its own owner has it already. Where it was not told yet, this is done when it was.
    """
    below = alert.standing.budget
    if binds.limit is None:
        return
    told_by = told.newest(
        tx, binds.budget.id, binds.period.first_day, binds.limit, at_least=Stage.EXHAUSTED
    )
    sent = alerts.load(tx, told_by) if told_by is not None else None
    if sent is None:
        return
    if below.owner.lower() == binds.budget.owner.lower():
        return
    shown = alert_effects.shown(tx, bot, sent)
    posted = messages.post(
        tx,
        f"{sent.key}:below:{below.owner.lower()}",
        {"person": below.owner},
        alert_message(sent.id, sent.figures, shown, lead_below(alert, binds)),
        now,
        subject=f"alert:{sent.id}",
        stream=f"budget:{binds.budget.id}",
        priority=5 - Stage.EXHAUSTED,
    )
    if posted:
        data = {"stage": alert.stage.word, "said_by": sent.id, "spent": alert.standing.spent}
        audit.note(tx, "alert.muted", audit.SYSTEM, alert.key, data, now)
