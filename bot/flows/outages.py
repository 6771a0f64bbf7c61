"""Targets that are down: told once, to operators and to whoever waits for them; and the all-clear."""

from datetime import datetime

from sqlmodel import Session

from bot.effects import outages
from bot.effects import requests as request_effects
from bot.parts import Bot, targets_of
from store import limits, target_states


def watch(bot: Bot, now: datetime) -> int:
    """
    Tell of targets that have failed for ten minutes, and of those that answer again; how many.

    An outage is that of a target, however many budgets wait for it.
    """
    _forget_those_that_left(bot)
    with bot.db.transaction() as tx:
        failing = target_states.failing(tx)
    told = 0
    for target, since in failing.items():
        if now - since >= outages.DOWN_AFTER:
            with bot.db.transaction() as tx:
                told += _tell_down(tx, bot, target, since, now)
    for target in bot.targets:
        if target not in failing:
            with bot.db.transaction() as tx:
                told += outages.tell_up(tx, bot, target, now)
    if told:
        bot.wake()
    return told


def _tell_down(tx: Session, bot: Bot, target: str, since: datetime, now: datetime) -> bool:
    first = outages.tell_down(tx, bot, target, since, now)
    for state in target_states.failing_at(tx, target):
        request_effects.tell_waiting(tx, bot, state.budget, outages.down(target, since), now)
    return first


def _forget_those_that_left(bot: Bot) -> None:
    """Nobody asks such a target about the budget again, so it would fail for ever."""
    with bot.db.transaction() as tx:
        left = [
            state
            for target in target_states.failing(tx)
            for state in target_states.failing_at(tx, target)
            if target not in targets_of(bot, state.budget)
        ]
    for state in left:
        with bot.db.transaction() as tx:
            limits.load(tx, state.budget, lock=True)
            target_states.answer(tx, state.budget, state.target, state.error)
