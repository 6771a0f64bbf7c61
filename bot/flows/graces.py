"""The owner's last word at a limit that is reached: the response now, or once later."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Budget
from bot.domain.errors import UserError
from bot.domain.escalation import calendar_of
from bot.domain.grace import Grace, Word, end_now, hold_off
from bot.domain.limits import RESPONSE, Mode
from bot.domain.people import Person
from bot.domain.standings import Standing
from bot.effects import answering, recording
from bot.effects import graces as grace_effects
from bot.effects import limits as limit_effects
from bot.parts import Bot
from bot.render.blocks import moment, person
from bot.render.figures import AT_LIMIT
from store import alerts, delegations, limits, people, standings
from store.alert_rows import SentAlert

GONE = "This alert is not known any more. Type `/budget status` for where the budget stands now."
PASSED = "The limit has changed since, or the period is over: this grace is, too."


def say(bot: Bot, alert_id: int, word: Word, actor: Person, now: datetime) -> str | None:
    """
    Record the last word on a limit, and hold the state that follows; what to tell whoever said it.

    Only the owner and the backup have it, and whom they delegated to. The response can be held off
    once. On stale figures nobody is cut off: then it comes with the next fresh ones.
    """
    with bot.db.transaction() as tx:
        alert = _load(tx, alert_id)
        # The limit state before the alert, as a tick locks them.
        limits.load(tx, alert.budget, lock=True)
        alert = _load(tx, alert_id, lock=True)
        standing = standings.of_budget(tx, bot.policy, alert.budget, now)
        if standing is None:
            raise UserError(GONE)
        grace = alert.figures.grace
        why = _too_late(alert, grace, standing, word, now)
        if not _has_it(tx, standing.budget, actor, now):
            why = "Only the budget's owner and backup can say this, or whom they delegated to."
        if why is not None or grace is None:
            what, said = f"grace {word.value}", why or GONE
            recording.refused(tx, bot, what, actor.id, alert.key, said, now, alert=alert.id)
            return said
        _carry_out(tx, bot, alert, grace, word, standing, actor, now)
    bot.wake()
    if word is Word.NOW and standing.freshness.stale:
        return "The figures are stale, so nobody is cut off yet; it comes with the next fresh ones."
    return None


def _carry_out(
    tx: Session,
    bot: Bot,
    alert: SentAlert,
    grace: Grace,
    word: Word,
    standing: Standing,
    actor: Person,
    now: datetime,
) -> None:
    budget = standing.budget
    calendar = calendar_of(bot.policy, budget.time_zone)
    said = end_now(grace, actor.id, now)
    if word is Word.HOLD:
        said = hold_off(grace, budget, calendar, actor.id, now)
    answering.say_on_it(tx, bot, alert, actor.id, now)
    grace_effects.keep(tx, bot, alert, said, now)
    version = limit_effects.hold(tx, bot, standing, now)
    data = {
        "before": {"ends_at": recording.iso(grace.ends_at)},
        "after": {"ends_at": recording.iso(said.ends_at)},
        "version": version,
    }
    recording.about_alert(tx, bot, f"grace.{word.value}", actor.id, alert, data, now, standing)
    if word is Word.HOLD:
        grace_effects.tell_held_off(tx, bot, alert, said, standing, now)
    else:
        grace_effects.tell_over(tx, bot, standing, now)


def _too_late(
    alert: SentAlert, grace: Grace | None, standing: Standing, word: Word, now: datetime
) -> str | None:
    """Why a word changes nothing any more; None when it does."""
    budget, figures = standing.budget, alert.figures
    is_same = (standing.limit, standing.period.first_day) == (alert.limit, alert.first_day)
    if grace is None or not is_same:
        return PASSED
    if RESPONSE[budget.at_limit] is Mode.ALLOW:
        return "The policy cuts nothing at this limit any more."
    if not grace.is_running(now):
        since = moment(grace.ends_at, figures.time_zone)
        by = person(grace.word_by) if grace.word is Word.NOW and grace.word_by else ""
        how = f", because {by} did not want to wait" if by else ""
        return f"The grace is over since {since}{how}; at the limit {AT_LIMIT[budget.at_limit]}."
    if word is Word.HOLD and grace.word is Word.HOLD:
        until = moment(grace.ends_at, figures.time_zone)
        by = person(grace.word_by or "Somebody")
        return f"{by} has held it off already, until {until}; it can be done once."
    return None


def _has_it(tx: Session, budget: Budget, actor: Person, now: datetime) -> bool:
    if actor.stranger or actor.guest or actor.deleted or actor.is_bot:
        return False
    for ref in (budget.owner, budget.backup):
        if ref is None:
            continue
        known = people.find(tx, ref)  # Slack may hide addresses
        if actor.is_called(ref) or (known is not None and known.id == actor.id):
            return True
        away = delegations.live(tx, known.id if known else ref, now)
        if away is not None and away.to == actor.id:
            return True
    return False


def _load(tx: Session, alert_id: int, *, lock: bool = False) -> SentAlert:
    alert = alerts.load(tx, alert_id, lock=lock)
    if alert is None:
        raise UserError(GONE)
    return alert
