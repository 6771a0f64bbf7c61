"""A parent's alert that would only repeat its child's."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from bot.domain.alerts import Alert, AlertFigures, repeats
from bot.domain.budgets import BudgetId
from bot.domain.spikes import Spike
from bot.effects import recording
from bot.parts import Bot
from store import alerts, standings, told


def said_by_a_child(tx: Session, bot: Bot, alert: Alert, now: datetime) -> int | None:
    """
    The alert of a budget below that told the same person the same; None when there is none.

    A spike is told where it is: of one that is mostly a budget's below the parent's owner hears
    nothing of their own, whoever owns that budget.
    """
    parent = alert.standing.budget
    tree = bot.policy.tree
    below = [b for b in tree.family(parent.id) if b != parent.id]
    candidates = [b for b in below if tree.budgets[b].owner == parent.owner]
    if alert.spike is not None:
        culprits = _culprits(tx, bot, alert.spike, below, now) if below else []
        return told.newest_spike(tx, [*candidates, *culprits], alert.spike.since)
    if not candidates:
        return None
    for child in standings.gather(tx, bot.policy, now, candidates).values():
        if not repeats(alert, child) or child.limit is None:
            continue
        said = told.newest(
            tx, child.budget.id, child.period.first_day, child.limit, at_least=alert.stage
        )
        if said is not None:
            return said
    return None


def _culprits(
    tx: Session, bot: Bot, sudden: Spike, below: Sequence[BudgetId], now: datetime
) -> list[BudgetId]:
    """The budgets whose own spike is most of this one."""
    found = standings.gather(tx, bot.policy, now, below)
    own = {id_: s.outlook.spike for id_, s in found.items() if s.outlook and s.outlook.spike}
    return [id_ for id_, one in own.items() if one.spent * 2 > sudden.spent]


def mute(
    tx: Session, bot: Bot, alert: Alert, figures: AlertFigures, said_by: int, now: datetime
) -> None:
    """Written down as told, with the alert that said it."""
    if alerts.record(tx, alert, figures, now, muted_by=said_by) is not None:
        recording.muted(tx, bot, alert, said_by, now)
