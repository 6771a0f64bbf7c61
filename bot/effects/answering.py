"""An answer to an alert: recorded while no other holds, shown in every copy, and for a term."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.alerts import Answer, AnswerKind
from bot.domain.escalation import calendar_of, term_of
from bot.effects import alerts as alert_effects
from bot.effects import recording
from bot.parts import Bot
from store import alerts
from store.alert_rows import SentAlert


def say(tx: Session, bot: Bot, alert: SentAlert, said: Answer, now: datetime) -> SentAlert | None:
    """
    The alert as it is answered; None when another answer holds, a worse stage replaced it, or its
    period is over.
    """
    ends_at = alert.figures.period_ends_at
    if now >= ends_at:
        return None
    again_at = said.until if said.until and said.until < ends_at and alert.ladder else None
    if not alerts.answer(tx, alert.id, said, again_at, now):
        return None
    answered = alerts.load(tx, alert.id)
    if answered is None:
        return None
    alert_effects.show(tx, bot, answered, now, f"answered:{now.isoformat()}")
    data = {"answer": said.kind.value, "until": recording.iso(said.until), "note": said.note}
    recording.about_alert(tx, bot, "alert.answered", said.by, answered, data, now)
    return answered


def say_on_it(tx: Session, bot: Bot, alert: SentAlert, by: str, now: datetime) -> None:
    """Whoever says when the response comes has answered: nobody asks what they will do."""
    if alert.is_open(now):
        until = term(bot, alert, AnswerKind.ON_IT, now)
        say(tx, bot, alert, Answer(AnswerKind.ON_IT, by, now, None, until), now)


def term(bot: Bot, alert: SentAlert, kind: AnswerKind, now: datetime) -> datetime | None:
    """Until when an answer holds: the time to answer again; for a request the time to decide it."""
    if alert.ladder is None:
        return None  # from before answers had terms
    ladder, figures = alert.ladder, alert.figures
    within = ladder.decided_within if kind is AnswerKind.ASKED else ladder.answer_within
    calendar = calendar_of(bot.policy, figures.time_zone)
    return term_of(within, alert.stage, calendar, now, figures.period_ends_at)
