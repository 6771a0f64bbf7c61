"""THE pipeline, top to bottom: poll, attribute, price, evaluate, decide, act."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlmodel import Session

from bot.clients.usage.collector import collector_paused
from bot.domain.budgets import BudgetId
from bot.domain.grace import is_given
from bot.domain.policy import SourcePolicy
from bot.domain.standings import Standing
from bot.effects.above import Known
from bot.effects.bundles import Fired
from bot.effects.graces import tell_over
from bot.flows.tick.acting import end_raises, enforce, look_again, one_budget
from bot.flows.tick.alerting import Outcome, alert, put_together
from bot.flows.tick.applying import apply_policy
from bot.flows.tick.evaluating import evaluate_time
from bot.intake.polling import read
from bot.intake.taking_in import take_in
from bot.parts import Bot
from store import raises, standings, watching

logger = logging.getLogger(__name__)
AT_ONCE = 500  # budgets; so many fit into one statement


@dataclass(frozen=True, slots=True)
class TickReport:
    """What a tick did, for logs and the command line."""

    rows: int
    alerts: int
    limit_changes: int
    errors: tuple[str, ...]


def tick(bot: Bot, now: datetime, only: str | None = None) -> TickReport:
    """
    One turn: what the sources say now, what follows from it, and what has to be said or enforced.

    `only` names the one source to ask; without it every source is.

    The network is asked first, with no transaction open; then everything is one transaction. A
    second tick at the same moment changes nothing.
    """
    asked = [source for source in bot.policy.sources if only in (None, source.name)]
    report = _turn(bot, asked, now)
    bot.wake()
    logger.info(
        "tick done",
        extra={
            "action": "tick",
            "rows": report.rows,
            "alerts": report.alerts,
            "limits": report.limit_changes,
        },
    )
    return report


def _turn(bot: Bot, asked: Sequence[SourcePolicy], now: datetime) -> TickReport:
    with collector_paused():
        readings = [read(bot, source, now) for source in asked]
    with bot.db.transaction() as tx:
        apply_policy(tx, bot, now)
        with collector_paused():
            # As new rules lock the sources, or two replicas could block each other.
            for reading in sorted(readings, key=lambda r: r.source.name):
                take_in(tx, bot, reading, now)
        standings.refresh(tx, bot.policy, now)
        fired, changes = _act(tx, bot, watching.due(tx, now), now)
    return TickReport(
        rows=sum(len(r.fetched.rows) for r in readings if r.fetched),
        alerts=fired,
        limit_changes=changes,
        errors=tuple(r.error for r in readings if r.error),
    )


def _act(tx: Session, bot: Bot, due: Collection[BudgetId], now: datetime) -> tuple[int, int]:
    """
    Alerts and limit changes of the budgets that are due, some at a time.

    The children first: what they were told, their parents need not be told again. A budget with
    which something went wrong is not armed anew, so it stays due.
    """
    fired: list[Fired] = []
    waiting: list[Standing] = []
    changes, known = 0, Known()
    ordered = [id_ for id_ in bot.policy.tree.children_first if id_ in due]
    for start in range(0, len(ordered), AT_ONCE):
        some = ordered[start : start + AT_ONCE]
        gathered = standings.gather(tx, bot.policy, now, some).values()
        found = evaluate_time(tx, bot, gathered, now)
        alerted = [one_budget(tx, partial(alert, known=known), bot, s, now) for s in found]
        enforced = [one_budget(tx, enforce, bot, s, now) for s in found]
        # After all limit states, in the order in which an owner's word locks the two.
        told = [not is_given(s.budget) or one_budget(tx, tell_over, bot, s, now) for s in found]
        over = {r.raised.budget for r in raises.ended_unnoted(tx, now)}
        ended = [s.budget.id in over and one_budget(tx, end_raises, bot, s, now) for s in found]
        changes += enforced.count(True)
        fired += [one.fired for one in alerted if one and one.fired]
        outcomes = zip(found, alerted, enforced, told, ended, strict=True)
        went_well = [(s, one) for s, one, *done in outcomes if one and None not in done]
        _arm(tx, [(s, one) for s, one in went_well if not one.waits], now)
        waiting += [s for s, one in went_well if one.waits]
    fired += _after_those_above(tx, bot, waiting, now, known)
    put_together(tx, fired, now)
    return len(fired), changes


def _after_those_above(
    tx: Session, bot: Bot, waiting: Sequence[Standing], now: datetime, known: Known
) -> list[Fired]:
    """Those below an exhausted budget again: it had its turn after them, and now it was told."""
    act = partial(alert, known=known, waited=True)
    alerted = [(s, one_budget(tx, act, bot, s, now)) for s in waiting]
    _arm(tx, [(s, one) for s, one in alerted if one], now)
    return [one.fired for _, one in alerted if one and one.fired]


def _arm(tx: Session, looked_at: Sequence[tuple[Standing, Outcome]], now: datetime) -> None:
    resting = {s.budget.id: one.rests for s, one in looked_at if one.rests}
    look_again(tx, [s for s, _ in looked_at], resting, now)
