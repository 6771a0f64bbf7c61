"""The outbox: claim, send with no transaction open, settle with a fence. At least once."""

from bot.flows.delivery.attempts import Attempt
from bot.flows.delivery.outgoing import deliver_next

__all__ = ["Attempt", "deliver_next"]
