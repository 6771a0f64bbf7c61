"""The outbox: claim, send with no transaction open, settle with a fence. At least once."""

from datetime import datetime, timedelta

from bot.effects import increases, orders
from bot.flows.delivery.attempts import Attempt
from bot.flows.delivery.homes import deliver_home
from bot.flows.delivery.increases import deliver_answer
from bot.flows.delivery.limit_states import deliver_limit_state
from bot.flows.delivery.messages import deliver_message
from bot.parts import Bot
from store import homes, outbox
from store.outbox import Lane

LEASE = timedelta(seconds=45)  # longer than the slowest send: a look-up, a post, an answer


def deliver_next(bot: Bot, lane: Lane, now: datetime) -> Attempt | None:
    """Send the most urgent due entry of a lane; None when there is none."""
    with bot.db.transaction() as tx:
        claimed = outbox.claim(tx, lane, now, limit=1, lease=LEASE)
    if not claimed:
        return None
    (entry,) = claimed
    if orders.is_order(entry):
        return deliver_limit_state(bot, entry, now)
    if increases.is_answer(entry):
        return deliver_answer(bot, entry, now)
    if entry.kind == homes.KIND:
        return deliver_home(bot, entry, now)
    return deliver_message(bot, entry, now)
