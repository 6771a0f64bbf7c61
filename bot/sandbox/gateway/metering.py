"""Counts what passes through the gateway and decides what may pass."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.sandbox.gateway.limits import Held


@dataclass(frozen=True, slots=True)
class Decision:
    """True when the request passed; the reason says why not."""

    allowed: bool
    reason: str

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(slots=True)
class Meter:
    """One budget's spend. What the bot reports counts when it is more than was seen here."""

    passed: list[tuple[datetime, Decimal]] = field(default_factory=list)
    unseen: Decimal = Decimal(0)  # reported by the bot, not passed through this gateway
    unseen_until: datetime | None = None
    asked: int = 0
    refused: int = 0

    def learn(self, held: Held, now: datetime) -> None:
        counted = self._counted(held, now)
        self.unseen = max(Decimal(0), held.spent - counted)
        self.unseen_until = held.ends_at

    def spent(self, held: Held, now: datetime) -> Decimal:
        """In the period of the state held; a period that is over starts again from nothing."""
        unseen = self.unseen
        if self.unseen_until is not None and now >= self.unseen_until:
            unseen = Decimal(0)
        return self._counted(held, now) + unseen

    def decide(self, held: Held | None, now: datetime, throttle_every: int) -> Decision:
        """
        Blocked, throttled to one request in a few, or allowed while spend is below the limit.

        Throttling is itself the answer to a limit that is reached, so it does not ask for it again.
        """
        self.asked += 1
        if held is None:
            return Decision(True, "no limit held")
        limit, _, mode = held.in_force(now)
        if mode == "block":
            return Decision(False, "blocked")
        if mode == "throttle":
            passes = self.asked % throttle_every == 0
            return Decision(passes, "throttled, let through" if passes else "throttled")
        notify = held.data.get("at_limit") == "notify"  # a conversation: nothing is cut
        lets_through = notify or _is_in_grace(held, now)
        if limit is not None and not lets_through and self.spent(held, now) >= limit:
            return Decision(False, f"the limit of ${limit} is reached")
        return Decision(True, "within the limit")

    def _counted(self, held: Held, now: datetime) -> Decimal:
        start = held.starts_at if now < held.ends_at else held.ends_at
        return sum((usd for at, usd in self.passed if at >= start), Decimal(0))


def _is_in_grace(held: Held, now: datetime) -> bool:
    """The limit is reached, and the response to it comes later."""
    until = held.data.get("grace_until")
    return until is not None and now < datetime.fromisoformat(str(until))
