"""How far the targets of a budget have followed, and what that means for raises and messages."""

from datetime import datetime

from sqlmodel import Session

from bot.clients.enforcement import Confirmed
from bot.domain.budgets import BudgetId
from bot.effects import recording
from bot.effects import requests as request_effects
from bot.parts import Bot, targets_of
from store import limits, target_states
from store.limits import HeldState
from store.target_states import TargetState


def follow(tx: Session, bot: Bot, budget: BudgetId, now: datetime) -> HeldState | None:
    """
    Bring the summary up to date: only what all targets have confirmed may be told as done.

    The caller holds the lock of the budget's limit state, so of two targets that answer at the
    same moment the second one sees the first.
    """
    states = target_states.of_budget(tx, budget)
    kinds = tuple(targets_of(bot, budget)) or tuple(states)
    if not kinds:
        return None
    there = [states.get(kind, TargetState(budget, kind)) for kind in kinds]
    confirmed = min(state.confirmed_version for state in there)
    accepted = min(max(state.accepted_version, state.confirmed_version) for state in there)
    held = limits.follow(tx, budget, confirmed, accepted, now)
    if held is not None and held.confirmed_version:
        request_effects.tell_confirmed(tx, bot, budget, held.confirmed_version, now)
    return held


def confirm(
    tx: Session, bot: Bot, budget: BudgetId, target: str, answer: Confirmed, now: datetime
) -> bool:
    """One target holds what it should, and that may have been the last one; False: known."""
    note = answer.note
    done = target_states.confirm(tx, budget, target, answer.version, answer.held, note, now)
    if done:
        data = {"version": answer.version, "target": target, "note": note}
        recording.note(tx, bot, "limit_state.confirmed", recording.TARGET, budget, data, now)
    follow(tx, bot, budget, now)
    return done
