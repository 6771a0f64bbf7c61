"""What follows when a grace is over or held off: who is told, and what the alert shows."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.domain.grace import Grace, is_given
from bot.domain.limits import Mode
from bot.domain.standings import Standing
from bot.effects import alerts as alert_effects
from bot.effects import messages, recording
from bot.parts import Bot
from bot.render.grace import held_off_note, over_note
from store import alerts, graces, limits
from store.alert_rows import SentAlert


def tell_over(tx: Session, bot: Bot, standing: Standing, now: datetime) -> bool:
    """Once the response holds, the owner reads so in one line; False when there is nothing to say."""
    budget = standing.budget
    held = limits.load(tx, budget.id) if is_given(budget) else None
    if held is None or held.state.mode is Mode.ALLOW:
        return False
    found = graces.find(tx, budget.id, held.state.period.first_day, held.state.limit)
    alert = alerts.load(tx, found[0], lock=True) if found else None
    grace = alert.figures.grace if alert else None
    if alert is None or grace is None or grace.over_at is not None or grace.is_running(now):
        return False
    over = replace(grace, over_at=now)
    keep(tx, bot, alert, over, now)
    messages.post(
        tx,
        f"{alert.key}:over",
        {"person": budget.owner},
        over_note(standing, over),
        now,
        subject=f"{alert_effects.subject(alert.id)}:grace",
        stream=f"budget:{budget.id}",
        priority=2,
        instead=budget.backup,
    )
    data = {"ends_at": recording.iso(grace.ends_at), "mode": held.state.mode.value}
    recording.about_alert(tx, bot, "grace.over", recording.SYSTEM, alert, data, now, standing)
    return True


def tell_held_off(
    tx: Session,
    bot: Bot,
    alert: SentAlert,
    grace: Grace,
    standing: Standing,
    now: datetime,
) -> None:
    """Operators, those who approve, and whoever of owner and backup did not say it."""
    note, about = held_off_note(standing, grace), f"{alert_effects.subject(alert.id)}:held_off"
    key = f"{alert.key}:held_off"
    messages.tell_operators(tx, bot, key, note, now, subject=about)
    to = {"channel": bot.policy.organization.channels.approvals}
    messages.post(tx, f"{key}:approvals", to, note, now, subject=about)
    people = (standing.budget.owner, standing.budget.backup)
    messages.tell_people(tx, key, people, note, now, subject=about)


def keep(tx: Session, bot: Bot, alert: SentAlert, grace: Grace, now: datetime) -> None:
    """Remember it, and show it in every copy of the alert, whose lock the caller holds."""
    graces.change(tx, alert.id, grace)
    changed = alerts.load(tx, alert.id)
    if changed is not None:
        # A word that ends it and its end are two states of one moment.
        what = "over" if grace.over_at else grace.word
        alert_effects.show(tx, bot, changed, now, f"grace:{what}:{now.isoformat()}")
