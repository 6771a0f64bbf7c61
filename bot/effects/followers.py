"""What is known of each target of a budget, as messages and answers show it."""

from sqlmodel import Session

from bot.domain.budgets import BudgetId
from bot.effects import orders, outages
from bot.parts import Bot, targets_of
from bot.render.targets import Follower
from store import limits, outbox, target_states
from store.target_states import TargetState


def followers(tx: Session, bot: Bot, budget: BudgetId, version: int | None) -> tuple[Follower, ...]:
    """How far each target has come with a version; none without a version or a target."""
    kinds = targets_of(bot, budget)
    if not kinds or version is None:
        return ()
    states = target_states.of_budget(tx, budget)
    held = limits.load(tx, budget)
    newest = held.version if held else version
    return tuple(
        _follower(tx, states.get(kind, TargetState(budget, kind)), version, newest)
        for kind in kinds
    )


def _follower(tx: Session, state: TargetState, version: int, newest: int) -> Follower:
    confirmed = state.confirmed_version >= version
    return Follower(
        kind=state.target,
        confirmed=confirmed,
        accepted=state.accepted_version >= version,
        note=state.note or "",
        edited=state.edited or "",
        silent_since=None
        if confirmed
        else outages.told_since(tx, state.target, state.failing_since),
        refused="" if confirmed else _refused(tx, state, newest),
    )


def _refused(tx: Session, state: TargetState, version: int) -> str:
    """What a target said when it refused for good; an operator has to do something first."""
    entry = outbox.find(tx, orders.key(state.budget, version, state.target))
    return (entry.error or "") if entry is not None and entry.state == "dead" else ""
