"""A budget above that is exhausted: its limit is what binds, so milder stages below are not told."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.domain.alerts import Alert
from bot.domain.budgets import BudgetId, PersonRef, Stage
from bot.domain.escalation import Step
from bot.domain.stages import covers
from bot.domain.standings import Standing
from bot.effects import alerts as alert_effects
from bot.effects import messages, recording
from bot.parts import Bot
from bot.render.above import lead_below
from bot.render.alert import alert_message
from store import alerts, outbox, standings, told
from store.alert_rows import SentAlert
from store.outbox import Lane, NewEntry

# By budget: where it stands if it is exhausted by fresh figures, else None.
Known = dict[BudgetId, Standing | None]


@dataclass(frozen=True, slots=True)
class Above:
    """The budget that binds, and the alert that says so; None: nobody was told yet."""

    standing: Standing
    sent: SentAlert | None


def binding(
    tx: Session,
    bot: Bot,
    budget: BudgetId,
    stage: Stage,
    now: datetime,
    known: Known | None = None,
) -> Above | None:
    """
    The nearest budget above under whose exhaustion a stage rests, told ones before untold ones.

    `known` is filled with what was found, so that siblings need not ask again.
    """
    seen = {} if known is None else known
    _, *parents = bot.policy.tree.path(budget)
    if missing := [parent for parent in parents if parent not in seen]:
        for id_, found in standings.gather(tx, bot.policy, now, missing).items():
            over = found.stage is Stage.EXHAUSTED and not found.freshness.stale
            seen[id_] = found if over else None
    nearest: Above | None = None
    for parent in parents:
        standing = seen[parent]
        if standing is not None and covers(standing.budget, stage):
            above = Above(standing, _sent(tx, standing))
            if above.sent is not None:
                return above
            nearest = nearest or above
    return nearest


def _sent(tx: Session, standing: Standing) -> SentAlert | None:
    if standing.limit is None:
        return None
    budget, first_day = standing.budget.id, standing.period.first_day
    number = told.newest(tx, budget, first_day, standing.limit, at_least=Stage.EXHAUSTED)
    return None if number is None else alerts.load(tx, number)


def tell(tx: Session, bot: Bot, alert: Alert, above: Above, now: datetime) -> None:
    """
    The owner below, whose alert rests, has the one of the budget above once; the record says why.

    The alert itself stays due, so its row cannot say that this was done. What does is an entry of
    the outbox that is never sent, because the copy says the same.
    """
    sent, below = above.sent, alert.standing.budget
    if sent is None:
        return
    lead = lead_below(alert, above.standing)
    key = f"{alert.key}:under:{sent.id}"
    unsaid = {"to": {"person": below.owner}, "text": lead, "blocks": []}
    entry = NewEntry(key, key, alert.key, Lane.SLACK, messages.POST, unsaid)
    if not outbox.add(tx, entry, now):
        return
    outbox.replace(tx, [key], now)
    recording.muted(tx, bot, alert, sent.id, now)
    if below.owner.lower() in {ref.lower() for ref in _told(sent)}:
        return
    messages.post(
        tx,
        f"{sent.key}:below:{below.owner.lower()}",
        {"person": below.owner},
        alert_message(sent.id, sent.figures, alert_effects.shown(tx, bot, sent), lead),
        now,
        subject=alert_effects.subject(sent.id),
        stream=f"budget:{sent.budget}",
        priority=5 - Stage.EXHAUSTED,
        instead=below.backup,
    )


def _told(sent: SentAlert) -> list[PersonRef]:
    """Who has got an alert, as far as it has come on its ladder."""
    people, ladder = [PersonRef(sent.owner)], sent.ladder
    if ladder is None:
        return people
    if sent.furthest >= Step.BACKUP and ladder.backup is not None:
        people.append(ladder.backup)
    if sent.furthest >= Step.APPROVERS:
        people += ladder.approvers
    return people
