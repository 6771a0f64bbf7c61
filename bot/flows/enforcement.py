"""Keep every target at the desired limit state: what is not confirmed is said again."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.budgets import BudgetId
from bot.domain.targets import KINDS
from bot.effects import limits as limit_effects
from bot.effects import orders, recording
from bot.effects.following import follow
from bot.parts import Bot, targets_of
from store import limits, outbox, target_states
from store.limits import HeldState
from store.outbox import OutboxEntry

AGAIN_AFTER = timedelta(minutes=5)


def sweep(bot: Bot, now: datetime) -> int:
    """
    Send again what was accepted but never confirmed, under the same id, and for the first time what
    a target has never heard of; how many.

    What a target refused for good stays given up until an operator sends it again, and what
    somebody else has changed stays as it is.
    """
    with bot.db.transaction() as tx:
        unsure = _unsure(tx, bot, limits.unconfirmed(tx), now)
    sent = sum(_send_again(bot, budget, now) for budget in unsure)
    if sent:
        bot.wake()
    return sent


def adopt(bot: Bot, now: datetime) -> int:
    """
    The policy names other targets than before: what all of them have confirmed is counted anew.

    A budget that got one is not known to be held everywhere until that one has confirmed; one that
    lost a target no longer waits for it. Returns for how many budgets that changed.
    """
    with bot.db.transaction() as tx:
        counted = limits.confirmed_versions(tx)
        by_target = {kind: target_states.confirmed_versions(tx, kind) for kind in KINDS}
    changed = [
        budget
        for budget, version in counted.items()
        if (kinds := targets_of(bot, budget))
        and version != min(by_target[kind].get(budget, 0) for kind in kinds)
    ]
    for budget in changed:
        with bot.db.transaction() as tx:
            limits.load(tx, budget, lock=True)
            follow(tx, bot, budget, now)
    return len(changed)


def _unsure(
    tx: Session, bot: Bot, held: Mapping[BudgetId, HeldState], now: datetime
) -> list[BudgetId]:
    """Those where something may have to be sent; asked in a few statements, and without a lock."""
    keys = {
        orders.key(budget, state.version, target): budget
        for budget, state in held.items()
        for target in targets_of(bot, budget)
    }
    known = outbox.found(tx, keys)
    due = (budget for key, budget in keys.items() if _is_due(known.get(key), held[budget], now))
    return list(dict.fromkeys(due))


def _send_again(bot: Bot, budget: BudgetId, now: datetime) -> int:
    """One budget, its row first: a version that is being overtaken must not be sent again."""
    with bot.db.transaction() as tx:
        held = limits.load(tx, budget, lock=True)
        if held is None:
            return 0
        states = target_states.of_budget(tx, budget)
        sent = 0
        for target in targets_of(bot, budget):
            state = states.get(target)
            if state is not None and state.confirmed_version >= held.version:
                continue
            entry = outbox.find(tx, orders.key(budget, held.version, target))
            if _is_due(entry, held, now):
                sent += limit_effects.again(tx, bot, budget, target, now) is not None
        return sent


def _is_due(entry: OutboxEntry | None, held: HeldState, now: datetime) -> bool:
    if orders.is_over(held.state, now):
        return False  # what holds after it is the next version
    if entry is None or entry.state == "superseded":
        return True
    since = entry.done_at
    return entry.state == "done" and since is not None and now - since >= AGAIN_AFTER


def redrive(bot: Bot, entry_id: int, now: datetime, os_user: str | None = None) -> str | None:
    """
    Send a given-up entry again; the key it goes out under, or None when there is no such entry.

    A limit state goes out as it is now, whatever was written then. One that was left as somebody
    else had changed it is written over that: this is the operator's word.
    """
    with bot.db.transaction() as tx:
        entry = outbox.get(tx, entry_id)
        if entry is None or entry.state not in {"dead", "edited"}:
            return None
        key = _current(tx, bot, entry, now) if orders.is_order(entry) else None
        if key is None:
            key = entry.key if outbox.revive(tx, entry.key, now) else None
        if key is None:
            return None
        data = {
            "entry": entry.id,
            "was": entry.state,
            "error": entry.error,
            "via": "command line",
            "os_user": os_user,
        }
        recording.note(tx, bot, "outbox.redriven", recording.OPERATOR, key, data, now)
    bot.wake()
    return key


def _current(tx: Session, bot: Bot, entry: OutboxEntry, now: datetime) -> str | None:
    budget, target = BudgetId(entry.request["budget"]), orders.target_of(entry)
    force = entry.state == "edited"
    return limit_effects.again(tx, bot, budget, target, now, force=force)
