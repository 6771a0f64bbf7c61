"""Enforcement targets: where limit states are sent. One protocol, one module for each kind."""

from typing import Protocol

from bot.clients.enforcement.answers import (
    Accepted,
    Answer,
    Confirmed,
    Edited,
    Newer,
    TargetError,
)
from bot.clients.enforcement.orders import Held, Order


class EnforcementTarget(Protocol):
    """Used by two threads: one delivers orders, the other looks for drift."""

    kind: str  # webhook | litellm | mlflow | anthropic

    def apply(self, order: Order) -> Answer:
        """One attempt to make the target hold what is ordered; raises TargetError."""
        ...

    def look(self, order: Order) -> Answer | None:
        """
        What it holds now, nothing written; raises TargetError.

        Confirmed: as ordered. Edited: somebody else's. Accepted: one of our own earlier writings,
        which has to be said again. None: this target cannot be read.
        """
        ...

    def check(self) -> str:
        """One line for `doctor`: that the target can be reached; raises TargetError."""
        ...

    def close(self) -> None: ...


__all__ = [
    "Accepted",
    "Answer",
    "Confirmed",
    "Edited",
    "EnforcementTarget",
    "Held",
    "Newer",
    "Order",
    "TargetError",
]
