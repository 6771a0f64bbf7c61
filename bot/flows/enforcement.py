"""Keep the target at the desired limit state: what it has not confirmed is said again."""

from datetime import datetime, timedelta

from bot.domain.budgets import BudgetId
from bot.effects.limits import key
from bot.parts import Bot
from store import audit, limits, outbox

AGAIN_AFTER = timedelta(minutes=5)
OPERATOR = "operator"


def sweep(bot: Bot, now: datetime) -> int:
    """
    Send again what was accepted but never confirmed, under the same id; how many.

    What the target refused for good stays given up until an operator sends it again.
    """
    with bot.db.transaction() as tx:
        unsure = [budget for budget, held in limits.load_all(tx).items() if not held.confirmed]
    revived = sum(_send_again(bot, budget, now) for budget in unsure)
    if revived:
        bot.wake()
    return revived


def _send_again(bot: Bot, budget: BudgetId, now: datetime) -> bool:
    """One budget, its row first: a version that is being overtaken must not be sent again."""
    with bot.db.transaction() as tx:
        held = limits.load(tx, budget, lock=True)
        if held is None or held.confirmed:
            return False
        entry = outbox.find(tx, key(budget, held.version))
        if entry is None or entry.state != "done" or entry.done_at is None:
            return False
        return now - entry.done_at >= AGAIN_AFTER and outbox.revive(tx, entry.key, now)


def redrive(bot: Bot, entry_id: int, now: datetime) -> str | None:
    """
    Send a given-up entry again; its key, or None when there is no such entry.

    A limit state that a newer one has replaced is superseded, and stays so.
    """
    with bot.db.transaction() as tx:
        entry = outbox.get(tx, entry_id)
        if entry is None or entry.state != "dead" or not outbox.revive(tx, entry.key, now):
            return None
        audit.note(tx, "outbox.redriven", OPERATOR, entry.key, {"error": entry.error}, now)
    bot.wake()
    return entry.key
