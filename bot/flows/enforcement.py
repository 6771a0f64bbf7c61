"""Keep the target at the desired limit state: what it has not confirmed is said again."""

from datetime import datetime, timedelta

from bot.effects.limits import key
from bot.parts import Bot
from store import limits, outbox

AGAIN_AFTER = timedelta(minutes=5)


def sweep(bot: Bot, now: datetime) -> int:
    """
    Send again what was accepted but never confirmed, under the same id; how many.

    What the target refused for good stays given up until an operator sends it again.
    """
    revived = 0
    with bot.db.transaction() as tx:
        for budget, held in limits.load_all(tx).items():
            if held.confirmed:
                continue
            entry = outbox.find(tx, key(budget, held.version))
            if entry is None or entry.state != "done":
                continue
            if entry.done_at is not None and now - entry.done_at >= AGAIN_AFTER:
                revived += outbox.revive(tx, entry.key, now)
    if revived:
        bot.wake()
    return revived


def redrive(bot: Bot, entry_id: int, now: datetime) -> str | None:
    """Send a given-up entry again; its key, or None when there is no such entry."""
    with bot.db.transaction() as tx:
        entry = outbox.get(tx, entry_id)
        if entry is None or not outbox.revive(tx, entry.key, now):
            return None
    bot.wake()
    return entry.key
