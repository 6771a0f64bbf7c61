"""What goes out about an alert after it fired: its copies brought up to date."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import BudgetId
from bot.effects import bundles, messages
from bot.parts import Bot
from bot.render.alert import LEAD, alert_message
from bot.render.answer import Replaced, Shown
from bot.render.bundle import Part, bundle_message
from store import alerts, outbox
from store.alert_rows import SentAlert


def subject(alert_id: int) -> str:
    return f"alert:{alert_id}"


def show(tx: Session, bot: Bot, alert: SentAlert, now: datetime, state: str) -> None:
    """
    Every copy of an alert, with what was said and by what it was replaced; `state` names it.

    The message it shares with others is locked: two answers to one message are shown one after the
    other, and the second sees the first. The alerts' own rows would not do, because a tick takes
    several of them in an order of its own.
    """
    about = None if alert.bundle is None else bundles.subject(alert.bundle)
    if about is not None:
        outbox.find(tx, about, lock=True)
    said = shown(tx, bot, alert)
    rendered = alert_message(alert.id, alert.figures, said, now=now)
    # While it still asks, a copy for the backup goes on to say that it is one.
    kept = LEAD if said is None else None
    messages.update_copies(tx, subject(alert.id), state, rendered, now, keep=kept)
    if alert.bundle is None or about is None:
        return
    parts = [
        Part(one.id, one.figures, shown(tx, bot, one)) for one in alerts.of_bundle(tx, alert.bundle)
    ]
    messages.update_copies(tx, about, f"{alert.id}:{state}", bundle_message(parts), now)


def overtake(
    tx: Session, budget: BudgetId, alert_id: int, stream: str, priority: int, now: datetime
) -> None:
    """
    A worse alert does not wait for the milder one before it, as it would while Slack is slow.

    One that nobody has tried to send is not sent any more; what was tried goes first, and at once.
    """
    milder = [subject(number) for number in alerts.replaced_by(tx, budget, alert_id)]
    if milder:
        outbox.drop_untried(tx, milder, messages.POST, now)
        outbox.hurry(tx, stream, priority)


def shown(tx: Session, bot: Bot, alert: SentAlert) -> Shown | None:
    """What was said since; None while the alert still asks, and nobody has said anything."""
    replaced = _replaced(tx, bot, alert)
    silent = (alert.answer, alert.feedback, replaced, alert.over_at) == (None,) * 4
    if silent:
        return None
    judged = (alert.feedback, alert.feedback_by or "") if alert.feedback else None
    return Shown(alert.answer, judged, replaced, alert.over_at)


def _replaced(tx: Session, bot: Bot, alert: SentAlert) -> Replaced | None:
    newer = alerts.load(tx, alert.replaced_by) if alert.replaced_by else None
    if newer is None:
        return None
    budget = bot.policy.tree.budgets.get(newer.budget)
    name = budget.name if budget and newer.budget != alert.budget else None
    return Replaced(newer.stage, newer.fired_at, name)
