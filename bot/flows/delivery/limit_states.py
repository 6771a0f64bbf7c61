"""Limit states: sent to the enforcement target, and what its answer means."""

import json
import logging
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.clients.enforcement import Accepted, Answer, Confirmed, Newer, TargetError
from bot.domain.backoff import delay
from bot.domain.budgets import BudgetId
from bot.effects import limits as limit_effects
from bot.effects import messages
from bot.effects import requests as request_effects
from bot.flows.delivery.attempts import Attempt, too_old
from bot.parts import Bot
from bot.render import notice
from store import audit, limits, outbox, overages, raises, standings
from store.outbox import OutboxEntry

logger = logging.getLogger(__name__)
DOWN_AFTER = timedelta(minutes=10)


def deliver_limit_state(bot: Bot, entry: OutboxEntry, now: datetime) -> Attempt:
    if bot.target is None:
        with bot.db.transaction() as tx:
            outbox.bury(tx, entry, now, "no enforcement target is set up")
        return Attempt(entry.key, sent=False)
    body = json.dumps(entry.request["body"], separators=(",", ":")).encode()
    try:
        answer = bot.target.send(entry.key, body)
    except TargetError as error:
        return _limit_state_failed(bot, entry, error, now)
    except Exception as error:
        logger.exception("webhook failed", extra={"action": "send_failed", "key": entry.key})
        failed = TargetError(f"{type(error).__name__} while sending", permanent=False)
        return _limit_state_failed(bot, entry, failed, now)
    with bot.db.transaction() as tx:
        _take_answer(tx, bot, entry, answer, now)
    bot.wake()
    logger.info("limit state sent", extra={"action": "limit_state_sent", "key": entry.key})
    return Attempt(entry.key, sent=True)


def _take_answer(tx: Session, bot: Bot, entry: OutboxEntry, answer: Answer, now: datetime) -> None:
    budget = BudgetId(entry.request["budget"])
    version: int = entry.request["version"]
    # The budget's row first, as everybody does who changes a limit state.
    limits.load(tx, budget, lock=True)
    outbox.settle(tx, entry, now, {"answer": type(answer).__name__.lower()})
    match answer:
        case Confirmed():
            if limits.confirm(tx, budget, version, now):
                data = {"version": version}
                audit.note(tx, "limit_state.confirmed", "target", budget, data, now)
            request_effects.tell_confirmed(tx, bot, budget, version, now)
        case Accepted():
            if limits.accept(tx, budget, version):
                _tell_accepted(tx, bot, budget, version, now)
        case Newer():
            _go_past(tx, bot, budget, answer.version, now)


def _tell_accepted(tx: Session, bot: Bot, budget: BudgetId, version: int, now: datetime) -> None:
    for record in raises.unconfirmed(tx, budget, version):
        request = overages.load(tx, record.raised.request)
        if request is not None:
            request_effects.show_outcome(tx, bot, request, now, f"accepted:v{version}")


def _go_past(tx: Session, bot: Bot, budget: BudgetId, newer: int, now: datetime) -> None:
    """The target knows a later version than we do, as after an old backup: say it again, later."""
    version = limits.overtake(tx, budget, newer, now)
    held = limits.load(tx, budget)
    standing = standings.of_budget(tx, bot.policy, budget, now)
    if version is None or held is None or standing is None:
        return
    limit_effects.send(tx, held.state, version, standing, now)
    data = {"version": version, "target_held": newer}
    audit.note(tx, "limit_state.overtaken", "target", budget, data, now)


def _limit_state_failed(bot: Bot, entry: OutboxEntry, error: TargetError, now: datetime) -> Attempt:
    final = error.permanent or too_old(entry, now)
    zone = bot.policy.organization.time_zone
    with bot.db.transaction() as tx:
        if not final:
            wait = delay(entry.attempts, error.retry_after)
            outbox.retry(tx, entry, now + wait, error.text)
            if now - entry.created_at >= DOWN_AFTER:
                told = notice.not_taken(entry.request["budget"], entry.created_at, error.text, zone)
                key = f"down:{entry.key}"
                messages.tell_operators(tx, bot, key, told, now, subject="undelivered")
        elif outbox.bury(tx, entry, now, error.text):
            what = f"the limit state of {entry.request['budget']}"
            told = notice.undelivered(entry.id, what, "the enforcement target", error.text)
            messages.tell_operators(tx, bot, f"dead:{entry.key}", told, now, subject="undelivered")
            audit.note(
                tx,
                "limit_state.refused",
                "target",
                entry.request["budget"],
                {"version": entry.request["version"], "error": error.text},
                now,
            )
    bot.wake()
    log = logger.error if final else logger.warning
    log(
        "limit state not sent",
        extra={
            "action": "webhook_dead" if final else "webhook_retry",
            "key": entry.key,
            "error": error.text,
        },
    )
    return Attempt(entry.key, sent=False)
