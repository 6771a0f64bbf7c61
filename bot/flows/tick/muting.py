"""A parent's alert that would only repeat its child's."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.alerts import Alert, AlertFigures, repeats
from bot.effects import recording
from bot.parts import Bot
from store import alerts, standings, told


def said_by_a_child(tx: Session, bot: Bot, alert: Alert, now: datetime) -> int | None:
    """The alert of a budget below that told the same person the same; None when there is none."""
    parent = alert.standing.budget
    tree = bot.policy.tree
    below = [b for b in tree.family(parent.id) if b != parent.id]
    candidates = [b for b in below if tree.budgets[b].owner == parent.owner]
    if not candidates:
        return None
    if alert.spike is not None:
        return told.newest_spike(tx, candidates, parent.owner, alert.spike.since)
    for child in standings.gather(tx, bot.policy, now, candidates).values():
        if not repeats(alert, child) or child.limit is None:
            continue
        said = told.newest(
            tx, child.budget.id, child.period.first_day, child.limit, at_least=alert.stage
        )
        if said is not None:
            return said
    return None


def mute(
    tx: Session, bot: Bot, alert: Alert, figures: AlertFigures, said_by: int, now: datetime
) -> None:
    """Written down as told, with the alert that said it."""
    if alerts.record(tx, alert, figures, now, muted_by=said_by) is not None:
        recording.muted(tx, bot, alert, said_by, now)
