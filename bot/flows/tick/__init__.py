"""The tick: what the sources say now, what follows from it, what has to be said or enforced."""

from bot.flows.tick.pipeline import TickReport, tick

__all__ = ["TickReport", "tick"]
