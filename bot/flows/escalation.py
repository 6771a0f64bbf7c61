"""Alerts that nobody answers: reminded, then the backup, the approvers, the channel; each once."""

import logging
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.domain.alerts import due_spike
from bot.domain.budgets import PersonRef, Stage
from bot.domain.escalation import (
    OVER,
    Case,
    Ladder,
    Step,
    Stop,
    Tell,
    Wait,
    calendar_of,
    decide,
    next_due,
    told_before,
)
from bot.domain.spans import WorkCalendar
from bot.domain.stages import Reason
from bot.domain.standings import Standing
from bot.effects import above, messages, recording
from bot.effects import alerts as alert_effects
from bot.parts import Bot
from bot.render.alert import alert_message
from bot.render.blocks import Rendered
from bot.render.reminder import reminder_lead
from store import escalations, people, standings
from store.alert_rows import SentAlert

logger = logging.getLogger(__name__)


def escalate(bot: Bot, now: datetime) -> int:
    """
    Take the steps that are due; how many were taken.

    Each alert is a transaction of its own, and its row is locked: of several replicas one takes a
    step, and an answer comes before it or after it.
    """
    with bot.db.transaction() as tx:
        due = escalations.due(tx, now)
    taken = sum(_one(bot, alert_id, now) for alert_id in due)
    if due:
        bot.wake()
    return taken


def _one(bot: Bot, alert_id: int, now: datetime) -> bool:
    """What goes wrong with one alert is logged, and it stays due; the others go on."""
    try:
        with bot.db.transaction() as tx:
            alert = escalations.take(tx, alert_id, now)
            return alert is not None and _step(tx, bot, alert, now)
    except Exception:
        extra = {"action": "escalation_failed", "alert": alert_id}
        logger.exception("escalation failed", extra=extra)
        return False


def _step(tx: Session, bot: Bot, alert: SentAlert, now: datetime) -> bool:
    if alert.replaced_by is not None or alert.ladder is None:
        alert_effects.show(tx, bot, alert, now, f"replaced:{alert.replaced_by}")
        escalations.wait(tx, alert.id, None)
        return False
    calendar = calendar_of(bot.policy, alert.figures.time_zone)
    standing = standings.of_budget(tx, bot.policy, alert.budget, now)
    under = _is_under(tx, bot, alert, now)
    case = _case(alert, standing, calendar, is_under=under)
    match decide(case, alert.ladder, calendar, now):
        case Tell(step, again):
            if standing is not None:
                _tell(tx, bot, alert, alert.ladder, step, standing, now, again=again)
            return True
        case Wait(until):
            escalations.wait(tx, alert.id, until)
        case Stop(why) if why == OVER:
            escalations.over(tx, alert.id, now)
            alert_effects.show(tx, bot, replace(alert, over_at=now), now, "over")
        case Stop():
            escalations.wait(tx, alert.id, None)
    return False


def _is_under(tx: Session, bot: Bot, alert: SentAlert, now: datetime) -> bool:
    """Whether a budget above is exhausted, so that nobody is reminded of a milder stage below."""
    if alert.stage is Stage.EXHAUSTED or alert.budget not in bot.policy.tree.budgets:
        return False
    over = above.binding(tx, bot, alert.budget, alert.stage, now)
    return over is not None and over.sent is not None


def _case(
    alert: SentAlert, standing: Standing | None, calendar: WorkCalendar, *, is_under: bool
) -> Case:
    figures = alert.figures
    is_spike = figures.reason is Reason.SPIKE
    there = (
        standing is not None
        and standing.limit == alert.limit
        and standing.period.first_day == alert.first_day
        and (_runs_away(standing, calendar) if is_spike else (standing.stage or 0) >= alert.stage)
    )
    return Case(
        stage=alert.stage,
        done=alert.escalated,
        is_answered=alert.answer is not None,
        ends_at=figures.period_ends_at,
        is_known=standing is not None,
        is_stale=standing is not None and standing.freshness.stale,
        is_there=there,
        is_under=is_under and not is_spike,
        comes_back=not is_spike,
    )


def _runs_away(standing: Standing, calendar: WorkCalendar) -> bool:
    """A spike is no stage of the period: what counts is whether it goes on."""
    return due_spike(standing, calendar) is not None


def _tell(
    tx: Session,
    bot: Bot,
    alert: SentAlert,
    ladder: Ladder,
    step: Step,
    standing: Standing,
    now: datetime,
    *,
    again: bool,
) -> None:
    """One step: its messages, when the next is due, and what the record says."""
    figures, number = alert.figures, alert.round + again
    calendar = calendar_of(bot.policy, figures.time_zone)
    then = next_due(ladder, alert.stage, step, calendar, now, figures.period_ends_at)
    following = ladder.after(step)
    lead = reminder_lead(
        step,
        figures,
        [_id_of(tx, ref) for ref in told_before(ladder, step)],
        alert.fired_at if number == 0 else None,
        standing,
        (following, then) if following and then else None,
        alert.answer if again else None,
    )
    rendered = alert_message(alert.id, figures, lead=lead)
    told = _post(tx, alert, ladder, step, number, rendered, now)
    if again and alert.answer is not None and alert.answer.by != _id_of(tx, ladder.owner):
        # Whoever took it on is reminded beside the owner, not instead of them.
        by = alert.answer.by
        key = f"{alert_effects.subject(alert.id)}:again:{number}:{by}"
        about, priority = alert_effects.subject(alert.id), 5 - alert.stage
        messages.post(tx, key, {"person": by}, rendered, now, subject=about, priority=priority)
        told.append(by)
    escalations.told(tx, alert, step, number, then, again=again)
    data = {"step": step.name.lower(), "round": number, "told": told}
    recording.about_alert(tx, bot, "alert.escalated", recording.SYSTEM, alert, data, now, standing)


def _post(
    tx: Session,
    alert: SentAlert,
    ladder: Ladder,
    step: Step,
    number: int,
    rendered: Rendered,
    now: datetime,
) -> list[str]:
    """Who is told by a step."""
    about, priority = alert_effects.subject(alert.id), 5 - alert.stage
    key = f"{about}:step:{int(step)}:{number}"
    if step is Step.CHANNEL:
        to = {"channel": ladder.channel}
        messages.post(tx, key, to, rendered, now, subject=about, priority=priority)
        return [ladder.channel]
    if step is not Step.APPROVERS:
        ref = ladder.backup if step is Step.BACKUP and ladder.backup else ladder.owner
        to = {"person": ref}
        messages.post(tx, key, to, rendered, now, subject=about, priority=priority)
        return [ref]
    for ref in ladder.approvers:
        to, own = {"person": ref}, f"{key}:{ref}"
        messages.post(tx, own, to, rendered, now, subject=about, priority=priority)
    for group in ladder.groups:
        call, own = {"alert": alert.id}, f"{key}:{group}"
        messages.post_to_group(tx, own, group, rendered, now, subject=about, about=call)
    return [*ladder.approvers, *ladder.groups]


def _id_of(tx: Session, ref: PersonRef) -> str:
    """The Slack id behind an address, where it was looked up before: a mention says it better."""
    person = people.find(tx, ref)
    return person.id if person else ref
