"""Acting on a standing: keep the limit state in step, end raises, and when to look again."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from bot.domain.budgets import BudgetId, Stage
from bot.domain.grace import is_given
from bot.domain.standings import Standing
from bot.domain.watch import watch
from bot.effects import endings
from bot.effects import limits as limit_effects
from bot.effects import requests as request_effects
from bot.parts import Bot
from store import limits, raises, told, watching
from store.db import savepoint

logger = logging.getLogger(__name__)
Done = TypeVar("Done")
Act = Callable[[Session, Bot, Standing, datetime], Done]


def one_budget(
    tx: Session, act: Act[Done], bot: Bot, standing: Standing, now: datetime
) -> Done | None:
    """What goes wrong with one budget is undone and logged, and None; the others go on."""
    try:
        with savepoint(tx):
            return act(tx, bot, standing, now)
    except Exception:
        logger.exception(
            "budget failed", extra={"action": "budget_failed", "budget": standing.budget.id}
        )
        return None


def enforce(tx: Session, bot: Bot, standing: Standing, now: datetime) -> bool:
    """
    Keep the limit state in step.

    On stale figures the limit still follows allocations and raises, but nobody is cut off, and
    nobody let in again, by a spend that may be wrong.
    """
    return limit_effects.hold(tx, bot, standing, now) is not None


def end_raises(tx: Session, bot: Bot, standing: Standing, now: datetime) -> bool:
    """Act on raises that the clock has ended: note which version takes them back, and tell."""
    ended = [r for r in raises.ended_unnoted(tx, now) if r.raised.budget == standing.budget.id]
    # The row is locked, so the target's answer to this version comes before or after, not between.
    held = limits.load(tx, standing.budget.id, lock=True) if ended else None
    version = held.version if held else None
    for record in ended:
        endings.over(tx, bot, record, standing, version, now)
    if held is not None and held.confirmed:
        # Somebody else's raise came between the end and this turn: the target has answered already.
        request_effects.tell_confirmed(tx, bot, standing.budget.id, held.version, now)
    return bool(ended)


def look_again(
    tx: Session, found: Sequence[Standing], resting: Mapping[BudgetId, Stage], now: datetime
) -> None:
    """
    When each budget is due again, from what was told and what the target is to hold.

    What has to wait for fresh figures is not told yet: then it stays due. `resting` are the stages
    that are not told while a budget above is exhausted.
    """
    sent = told.sent_stages_of(tx, found)
    held = limits.modes(tx, [s.budget.id for s in found])
    let_through = limits.grace_ends(tx, [s.budget.id for s in found if is_given(s.budget)])
    pending = raises.live(tx, now)
    late = {record.raised.budget for record in raises.ended_unnoted(tx, now)}
    watching.arm(
        tx,
        [
            (
                s.budget.id,
                watch(
                    s,
                    sent.get(s.budget.id, frozenset()),
                    held.get(s.budget.id),
                    pending.get(s.budget.id, []),
                    resting=resting.get(s.budget.id),
                    grace_until=let_through.get(s.budget.id),
                ),
            )
            for s in found
            if s.budget.id not in late
        ],
    )
