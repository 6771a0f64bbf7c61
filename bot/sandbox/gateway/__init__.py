"""A double of a gateway that enforces limits, for tests and for the demo."""

from bot.sandbox.gateway.faults import Faults
from bot.sandbox.gateway.limits import Held, Holding
from bot.sandbox.gateway.metering import Decision
from bot.sandbox.gateway.server import Gateway, make_secret
from bot.sandbox.gateway.state import Entry

__all__ = ["Decision", "Entry", "Faults", "Gateway", "Held", "Holding", "make_secret"]
