"""Answers to alerts: recorded once, shown in the message."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.domain.alerts import AnswerKind
from bot.domain.budgets import BudgetId
from bot.domain.errors import UserError
from bot.domain.people import Person
from bot.effects import messages
from bot.parts import Bot
from bot.render.alert import alert_message
from bot.render.blocks import moment, person
from store import alerts, audit
from store.alerts import SentAlert

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
    """Record what the owner says to an alert; the first answer counts."""
    _refuse_outsiders(actor)
    with bot.db.transaction() as tx:
        if not alerts.answer(tx, alert_id, kind, None, actor.id, now):
            return AnsweredBefore(_who_answered(tx, alert_id))
        alert = _load(tx, alert_id)
        _show(tx, alert, now, "answered")
        data = {"answer": kind.value, "stage": alert.stage.word}
        audit.note(tx, "alert.answered", actor.id, alert.key, data, now)
    bot.wake()
    return Answered(alert)


def add_note(bot: Bot, alert_id: int, note: str, actor_id: str, now: datetime) -> None:
    """The word on what will be done; it goes into the message and the record."""
    with bot.db.transaction() as tx:
        if not alerts.amend_note(tx, alert_id, note.strip(), actor_id):
            raise UserError("Only whoever answered can add to the answer.", "note")
        alert = _load(tx, alert_id)
        _show(tx, alert, now, f"note:{now.isoformat()}")
        audit.note(tx, "alert.note", actor_id, alert.key, {"note": note.strip()}, now)
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


def _show(tx: Session, alert: SentAlert, now: datetime, state: str) -> None:
    if alert.answer is None or alert.answered_by is None or alert.answered_at is None:
        return
    said = (alert.answer, alert.answered_by, alert.answered_at, alert.answer_note)
    shown = alert_message(alert.id, alert.figures, said)
    messages.update_copies(tx, f"alert:{alert.id}", state, shown, now)


def _who_answered(tx: Session, alert_id: int) -> str:
    alert = _load(tx, alert_id)
    when = moment(alert.answered_at, alert.figures.time_zone) if alert.answered_at else "before"
    return f"{person(alert.answered_by or 'somebody')} answered this already ({when})."


def _refuse_outsiders(actor: Person) -> None:
    if actor.stranger or actor.deleted or actor.is_bot:
        raise UserError("Only members of this workspace can answer alerts.")
