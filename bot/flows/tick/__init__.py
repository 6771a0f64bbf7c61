"""The tick: what the sources say now, what follows from it, what has to be said or enforced."""

from bot.flows.tick.pipeline import TickReport, tick
from bot.intake.polling import window_to_read

__all__ = ["TickReport", "tick", "window_to_read"]
