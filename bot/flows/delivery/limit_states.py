"""Limit states: sent to the enforcement targets, and what their answers mean."""

import logging
from datetime import datetime

from sqlmodel import Session

from bot.clients.enforcement import (
    Accepted,
    Answer,
    Confirmed,
    Edited,
    Newer,
    Order,
    TargetError,
)
from bot.domain.backoff import delay
from bot.domain.budgets import BudgetId
from bot.effects import edits, messages, orders, outages, recording
from bot.effects import limits as limit_effects
from bot.effects import requests as request_effects
from bot.effects.following import confirm, follow
from bot.flows.delivery.attempts import Attempt
from bot.parts import Bot
from bot.render import notice
from bot.render.targets import title
from store import limits, outbox, standings, target_states
from store.outbox import OutboxEntry

logger = logging.getLogger(__name__)


def deliver_limit_state(bot: Bot, entry: OutboxEntry, now: datetime) -> Attempt:
    kind = orders.target_of(entry)
    target = bot.targets.get(kind)
    with bot.db.transaction() as tx:
        order = orders.order(tx, bot, entry, now)
        if order is None:
            outbox.drop(tx, entry, now, "no longer so")
        elif target is None:
            outbox.bury(tx, entry, now, f"no enforcement target {kind} is set up")
    if order is None or target is None:
        return Attempt(entry.key, sent=False)
    try:
        answer = target.apply(order)
    except TargetError as error:
        return _failed(bot, entry, error, now)
    except Exception as error:
        logger.exception("target failed", extra={"action": "send_failed", "key": entry.key})
        failed = TargetError(f"{type(error).__name__} while sending", permanent=False)
        return _failed(bot, entry, failed, now)
    with bot.db.transaction() as tx:
        _take_answer(tx, bot, entry, order, answer, now)
    bot.wake()
    logger.info("limit state sent", extra={"action": "limit_state_sent", "key": entry.key})
    return Attempt(entry.key, sent=not isinstance(answer, Edited))


def _take_answer(
    tx: Session, bot: Bot, entry: OutboxEntry, order: Order, answer: Answer, now: datetime
) -> None:
    budget, target = order.budget, orders.target_of(entry)
    # The budget's row first, as everybody does who changes a limit state.
    limits.load(tx, budget, lock=True)
    if isinstance(answer, Edited):
        if outbox.leave(tx, entry, now, answer.text):
            edits.found(tx, bot, entry, answer, now)
        return
    outbox.settle(tx, entry, now, {"answer": type(answer).__name__.lower()})
    match answer:
        case Confirmed():
            confirm(tx, bot, budget, target, answer, now)
        case Accepted():
            accepted = target_states.accept(tx, budget, target, order.version, answer.note)
            follow(tx, bot, budget, now)
            if accepted:
                request_effects.show_waiting(tx, bot, budget, now)
        case Newer():
            target_states.answer(tx, budget, target, None)
            _go_past(tx, bot, budget, target, answer.version, now)


def _go_past(
    tx: Session, bot: Bot, budget: BudgetId, target: str, newer: int, now: datetime
) -> None:
    """The target knows a later version than we do, as after an old backup: say it again, later."""
    version = limits.overtake(tx, budget, newer, now)
    held = limits.load(tx, budget)
    standing = standings.of_budget(tx, bot.policy, budget, now)
    if version is None or held is None or standing is None:
        return
    limit_effects.send(tx, bot, held.state, version, standing, now)
    data = {"version": version, "target_held": newer, "target": target}
    recording.note(tx, bot, "limit_state.overtaken", recording.TARGET, budget, data, now)


def _failed(bot: Bot, entry: OutboxEntry, error: TargetError, now: datetime) -> Attempt:
    """
    Tried again without end: a limit that has to come back is never given up for its age, and one
    that was granted ends by itself. What a target refuses for good waits for an operator.
    """
    budget, target = BudgetId(entry.request["budget"]), orders.target_of(entry)
    with bot.db.transaction() as tx:
        limits.load(tx, budget, lock=True)
        if not error.permanent:
            target_states.fail(tx, budget, target, error.text, now)
            outbox.retry(tx, entry, now + delay(entry.attempts, error.retry_after), error.text)
            _tell_if_down(tx, bot, budget, target, now)
        elif outbox.bury(tx, entry, now, error.text):
            target_states.answer(tx, budget, target, error.text)
            _refused(tx, bot, entry, target, error.text, now)
    bot.wake()
    log = logger.error if error.permanent else logger.warning
    log(
        "limit state not sent",
        extra={
            "action": "target_dead" if error.permanent else "target_retry",
            "key": entry.key,
            "error": error.text,
        },
    )
    return Attempt(entry.key, sent=False)


def _tell_if_down(tx: Session, bot: Bot, budget: BudgetId, target: str, now: datetime) -> None:
    since = target_states.failing(tx)[target]
    if now - since >= outages.DOWN_AFTER:
        outages.tell_down(tx, bot, target, since, now)
        request_effects.tell_waiting(tx, bot, budget, outages.down(target, since), now)


def _refused(
    tx: Session, bot: Bot, entry: OutboxEntry, target: str, error: str, now: datetime
) -> None:
    budget = BudgetId(entry.request["budget"])
    told = notice.undelivered(entry.id, f"the limit state of {budget}", title(target), error)
    messages.tell_operators(tx, bot, f"dead:{entry.key}", told, now, subject="undelivered")
    data = {"version": entry.request["version"], "target": target, "error": error}
    recording.note(tx, bot, "limit_state.refused", recording.TARGET, budget, data, now)
    about = f"refused:{target}:{entry.request['version']}"
    request_effects.tell_waiting(tx, bot, budget, about, now)
