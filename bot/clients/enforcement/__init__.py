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
    def send(self, key: str, body: bytes) -> Answer:
        """One attempt with an idempotency key that is the same on each retry; raises TargetError."""
        ...

    def check(self) -> str:
        """One line for `doctor`: that the target can be reached."""
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
