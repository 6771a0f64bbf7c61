"""Overage requests: asked, decided once, withdrawn, expired."""

from bot.flows.overages.asking import ask, expire, summary, withdraw
from bot.flows.overages.deciding import decide
from bot.flows.overages.outcomes import Asked, Counted, Decided, NotDecided, Outcome

__all__ = [
    "Asked",
    "Counted",
    "Decided",
    "NotDecided",
    "Outcome",
    "ask",
    "decide",
    "expire",
    "summary",
    "withdraw",
]
