"""Answers to alerts: recorded while no other holds, shown in every copy, and for a term."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.domain.alerts import Answer, AnswerKind, Feedback
from bot.domain.budgets import BudgetId
from bot.domain.errors import UserError
from bot.domain.people import Person
from bot.domain.periods import midnight
from bot.effects import alerts as alert_effects
from bot.effects import answering, recording
from bot.parts import Bot
from bot.render.blocks import escape, moment, person
from bot.render.modals import View, answer_modal, plan_modal
from store import alerts
from store.alert_rows import SentAlert

WHAT = "What will you do?"
OVER = "The period of this alert is over; the next one has alerts of its own."
A_WEEK = timedelta(days=7)
GONE = "This alert is not known any more. Type `/budget status` for where the budget stands now."


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer is recorded."""

    alert: SentAlert


@dataclass(frozen=True, slots=True)
class AnsweredBefore:
    """Somebody was first; `text` says who and when."""

    text: str


def answer(
    bot: Bot, alert_id: int, kind: AnswerKind, actor: Person, now: datetime
) -> Answered | AnsweredBefore:
    """Record what the owner says to an alert; while an answer holds, no other counts."""
    _refuse_outsiders(actor)
    with bot.db.transaction() as tx:
        alert = _load(tx, alert_id)
        until = answering.term(bot, alert, kind, now)
        recorded = _record(tx, bot, alert, Answer(kind, actor.id, now, None, until), now)
    bot.wake()
    return recorded


def plan(
    bot: Bot, alert_id: int, last_day: date | None, note: str, actor: Person, now: datetime
) -> None:
    """
    Record that what happens is planned, up to and including a day.

    Raises:
        UserError: beside the field `until` when the day does not do, or another answer holds.
    """
    _refuse_outsiders(actor)
    with bot.db.transaction() as tx:
        alert = _load(tx, alert_id)
        until = _end_of(last_day, alert, now)
        said = Answer(AnswerKind.PLANNED, actor.id, now, note.strip() or None, until)
        recorded = _record(tx, bot, alert, said, now)
    if isinstance(recorded, AnsweredBefore):
        raise UserError(recorded.text, "until")
    bot.wake()


def note_form(answered: Answered) -> View:
    """The form to add a word to an answer, which says to what and until when it is one."""
    f, said = answered.alert.figures, answered.alert.answer
    until = f" until {moment(said.until, f.time_zone)}" if said and said.until else ""
    about = (
        f"*{escape(f.name)}*, {f.stage.word}: your answer holds{until}; a worse stage asks again."
    )
    return answer_modal(answered.alert.id, WHAT, about)


def plan_form(bot: Bot, alert_id: int, actor: Person, now: datetime) -> View | AnsweredBefore:
    """The form that asks until when it is planned, for an alert that waits for an answer."""
    _refuse_outsiders(actor)
    with bot.db.transaction() as tx:
        alert = _load(tx, alert_id)
        if not alert.is_open(now):
            return AnsweredBefore(_why_not(tx, alert_id, now))
    last, zone = _last_day(alert), alert.figures.time_zone
    if now >= alert.figures.period_ends_at:
        raise UserError(OVER)
    proposed = min(last, now.astimezone(zone).date() + A_WEEK)
    return plan_modal(alert_id, proposed, last)


def judge(bot: Bot, alert_id: int, feedback: Feedback, actor: Person, now: datetime) -> str | None:
    """Record whether an alert was worth it; what to say when somebody said so before."""
    _refuse_outsiders(actor)
    with bot.db.transaction() as tx:
        before = _load(tx, alert_id)
        if not alerts.judge(tx, alert_id, feedback, actor.id, now):
            why = f"{person(before.feedback_by or 'somebody')} said so already."
            _refused(tx, bot, before, f"feedback {feedback.value}", actor.id, why, now)
            return why
        alert = _load(tx, alert_id)
        if alert.answer is not None:
            alert_effects.show(tx, bot, alert, now, f"feedback:{now.isoformat()}")
        data = {"feedback": feedback.value}
        recording.about_alert(tx, bot, "alert.feedback", actor.id, alert, data, now)
    bot.wake()
    return None


def add_note(bot: Bot, alert_id: int, note: str, actor_id: str, now: datetime) -> None:
    """The word on what will be done; it goes into the message and the record."""
    with bot.db.transaction() as tx:
        if not alerts.amend_note(tx, alert_id, note.strip(), actor_id):
            raise UserError("Only whoever answered can add to the answer.", "note")
        alert = _load(tx, alert_id)
        alert_effects.show(tx, bot, alert, now, f"note:{now.isoformat()}")
        data = {"note": note.strip()}
        recording.about_alert(tx, bot, "alert.note", actor_id, alert, data, now)
    bot.wake()


def budget_of(bot: Bot, alert_id: int) -> BudgetId:
    """Which budget an alert is about."""
    with bot.db.transaction() as tx:
        return _load(tx, alert_id).budget


def _load(tx: Session, alert_id: int) -> SentAlert:
    alert = alerts.load(tx, alert_id)
    if alert is None:
        raise UserError(GONE)
    return alert


def _record(
    tx: Session, bot: Bot, alert: SentAlert, said: Answer, now: datetime
) -> Answered | AnsweredBefore:
    answered = answering.say(tx, bot, alert, said, now)
    if answered is None:
        why = _why_not(tx, alert.id, now)
        _refused(tx, bot, alert, f"answer {said.kind.value}", said.by, why, now)
        return AnsweredBefore(why)
    return Answered(answered)


def _refused(
    tx: Session, bot: Bot, alert: SentAlert, what: str, by: str, why: str, now: datetime
) -> None:
    recording.refused(tx, bot, what, by, alert.key, why, now, alert=alert.id)


def _end_of(last_day: date | None, alert: SentAlert, now: datetime) -> datetime:
    """The end of a plan's last day; at most the end of the period."""
    zone, last = alert.figures.time_zone, _last_day(alert)
    if last_day is None:
        raise UserError("Pick the last day of what is planned.", "until")
    if last_day > last:
        raise UserError(f"The period ends on {last:%a %-d %b}; pick a day up to then.", "until")
    until = midnight(last_day + timedelta(days=1), zone)
    if until <= now:
        raise UserError("That day is over; pick one to come.", "until")
    return min(until, alert.figures.period_ends_at)


def _last_day(alert: SentAlert) -> date:
    """The last local day of the alert's period: its end at midnight belongs to the day before."""
    end = alert.figures.period_ends_at - timedelta(seconds=1)
    return end.astimezone(alert.figures.time_zone).date()


def _why_not(tx: Session, alert_id: int, now: datetime) -> str:
    alert = _load(tx, alert_id)
    if now >= alert.figures.period_ends_at:
        return OVER
    zone = alert.figures.time_zone
    newer = alerts.load(tx, alert.replaced_by) if alert.replaced_by else None
    if newer is not None:
        when = moment(newer.fired_at, zone)
        return f"A newer alert has replaced this one ({newer.stage.word}, {when}): answer that one."
    by = person(alert.answer.by if alert.answer else "somebody")
    when = moment(alert.answer.at, zone) if alert.answer else "before"
    return f"{by} answered this already ({when})."


def _refuse_outsiders(actor: Person) -> None:
    if actor.stranger or actor.deleted or actor.is_bot:
        raise UserError("Only members of this workspace can answer alerts.")
