"""Drift: what targets hold now is compared with what they confirmed, and put right or told."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.clients.enforcement import (
    Accepted,
    Answer,
    Confirmed,
    Edited,
    EnforcementTarget,
    Order,
    TargetError,
)
from bot.domain.budgets import BudgetId
from bot.domain.limits import Mode
from bot.domain.targets import WEBHOOK
from bot.effects import edits, messages, orders, recording
from bot.effects import limits as limit_effects
from bot.effects.following import confirm, follow
from bot.parts import Bot, targets_of
from bot.render import target_notice
from store import limits, outbox, target_states
from store.limits import HeldState
from store.outbox import OutboxEntry

logger = logging.getLogger(__name__)
LOOK_EVERY = timedelta(minutes=5)
SAY_EVERY = timedelta(hours=6)  # to a target that cannot be read
AT_ONCE = 50  # looks at a target in one run, the longest ago first
PATIENCE_SECONDS = 15.0  # after which a batch ends, however slow the target is
_SENT = {"done", "edited"}


def look(bot: Bot, now: datetime) -> int:
    """
    Look at what each target holds, a batch a run; what cannot be read is quietly said again.

    A target that fails ends its batch: it is asked again in the next run, and so is what a slow one
    left no time for. Returns how many budgets were looked at or said again.
    """
    done = 0
    for kind, target in bot.targets.items():
        budgets = [budget.id for budget in bot.policy.tree if kind in targets_of(bot, budget.id)]
        if kind == WEBHOOK:
            done += _say_again(bot, budgets, now)
        else:
            done += _look_at(bot, kind, target, budgets, now)
    if done:
        bot.wake()
    return done


def _say_again(bot: Bot, budgets: Sequence[BudgetId], now: datetime) -> int:
    """A webhook may have been restored from a backup, and nobody would know."""
    with bot.db.transaction() as tx:
        due = target_states.not_looked_at(tx, WEBHOOK, now - SAY_EVERY, budgets, AT_ONCE)
    said = 0
    for budget in due:
        with bot.db.transaction() as tx:
            held = limits.load(tx, budget, lock=True)
            sent = _sent(tx, budget, WEBHOOK, held, now)
            if held is None or sent is None or sent.state != "done":
                continue
            target_states.look(tx, budget, WEBHOOK, now)
            if _matters(held):
                said += limit_effects.again(tx, bot, budget, WEBHOOK, now) is not None
    return said


def _matters(held: HeldState) -> bool:
    """Whoever lost it would let through, or cut off, what should not be."""
    state = held.state
    live = state.until is not None or state.mode is not Mode.ALLOW
    return live or held.changed_at >= state.period.starts_at


def _look_at(
    bot: Bot,
    kind: str,
    target: EnforcementTarget,
    budgets: Sequence[BudgetId],
    now: datetime,
) -> int:
    with bot.db.transaction() as tx:
        due = target_states.not_looked_at(tx, kind, now - LOOK_EVERY, budgets, AT_ONCE)
    looked = 0
    began = time.monotonic()
    for budget in due:
        if time.monotonic() - began > PATIENCE_SECONDS:
            break
        with bot.db.transaction() as tx:
            order = _order(tx, bot, budget, kind, now)
        if order is None:
            continue
        try:
            answer = target.look(order)
        except TargetError as error:
            _fail(bot, order, kind, error.text, now)
            break
        except Exception as error:
            logger.exception("look failed", extra={"action": "look_failed", "target": kind})
            _fail(bot, order, kind, f"{type(error).__name__} while looking", now)
            break
        with bot.db.transaction() as tx:
            _take(tx, bot, order, kind, answer, now)
        looked += 1
    return looked


def _order(tx: Session, bot: Bot, budget: BudgetId, kind: str, now: datetime) -> Order | None:
    """The order that the target has answered; None while one is on its way, or was refused."""
    held = limits.load(tx, budget)
    sent = _sent(tx, budget, kind, held, now)
    refs = targets_of(bot, budget).get(kind)
    if held is None or sent is None or refs is None:
        return None
    if orders.is_renamed(sent, refs):
        limits.load(tx, budget, lock=True)
        # What was written is remembered: under the old name it has to be taken back.
        target_states.drift(tx, budget, kind, now)
        follow(tx, bot, budget, now)
        limit_effects.again(tx, bot, budget, kind, now)
        return None
    return orders.order_to_look(tx, bot, held, sent, refs)


def _sent(
    tx: Session, budget: BudgetId, kind: str, held: HeldState | None, now: datetime
) -> OutboxEntry | None:
    if held is None or orders.is_over(held.state, now):
        return None
    entry = outbox.find(tx, orders.key(budget, held.version, kind))
    return entry if entry is not None and entry.state in _SENT else None


def _take(
    tx: Session, bot: Bot, order: Order, kind: str, answer: Answer | None, now: datetime
) -> None:
    budget = order.budget
    held = limits.load(tx, budget, lock=True)
    sent = _sent(tx, budget, kind, held, now)
    if held is None or sent is None or held.version != order.version:
        return  # something newer is on its way: what was seen says nothing about it
    was = target_states.load(tx, budget, kind)
    match answer:
        case Confirmed():
            if sent.state == "edited":
                outbox.mark(tx, sent.key, "done", now, None)
                _tell_as_wanted(tx, bot, budget, kind, was.edited_at, now)
            confirm(tx, bot, budget, kind, answer, now)
        case Edited():
            if was.edited is None or was.held != dict(answer.held):
                outbox.mark(tx, sent.key, "edited", now, answer.text)
                edits.found(tx, bot, sent, answer, now)
            else:
                target_states.look(tx, budget, kind, now)
        case Accepted() if was.confirmed_version or was.edited is not None:
            _drifted(tx, bot, order, kind, answer, now)
        case _:
            target_states.look(tx, budget, kind, now)


def _drifted(
    tx: Session, bot: Bot, order: Order, kind: str, answer: Accepted, now: datetime
) -> None:
    budget = order.budget
    target_states.drift(tx, budget, kind, now)
    follow(tx, bot, budget, now)
    limit_effects.again(tx, bot, budget, kind, now)
    told = target_notice.drifted(budget, kind, answer.note)
    key = f"drift:{order.key}:{now:%Y%m%dT%H%M%S}"
    messages.tell_operators(tx, bot, key, told, now, subject=f"drift:{budget}:{kind}")
    data = {"version": order.version, "target": kind, "note": answer.note}
    recording.note(tx, bot, "limit_state.drifted", recording.TARGET, budget, data, now)


def _tell_as_wanted(
    tx: Session, bot: Bot, budget: BudgetId, kind: str, since: datetime | None, now: datetime
) -> None:
    told = target_notice.as_wanted(budget, kind)
    key = f"as_wanted:{budget}:{kind}:{(since or now):%Y%m%dT%H%M%S}"
    messages.tell_operators(tx, bot, key, told, now, subject=f"edited:{budget}:{kind}")


def _fail(bot: Bot, order: Order, kind: str, error: str, now: datetime) -> None:
    logger.warning(
        "target cannot be read", extra={"action": "look_failed", "target": kind, "error": error}
    )
    with bot.db.transaction() as tx:
        limits.load(tx, order.budget, lock=True)
        target_states.fail(tx, order.budget, kind, error, now)
