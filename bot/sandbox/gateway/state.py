"""The gateway double's memory: limit states, meters, journal."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from bot.clock import Clock
from bot.sandbox.gateway.limits import NOTHING, Held, Holding
from bot.sandbox.gateway.metering import Decision, Meter


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery: what came, and what was done with it."""

    at: datetime
    webhook_id: str
    budget: str
    version: int
    outcome: str  # applied, repeated, older, refused, or the fault shown
    status: int | None  # None when the connection was cut or left hanging


class GatewayState:
    """Thread-safe: the server writes while a test or the demo asks."""

    throttle_every = 4

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._lock = threading.RLock()
        self._held: dict[str, Held] = {}
        self._meters: dict[str, Meter] = {}
        self._journal: list[Entry] = []

    @property
    def journal(self) -> tuple[Entry, ...]:
        with self._lock:
            return tuple(self._journal)

    def holds(self, budget: str) -> Holding:
        with self._lock:
            held = self._held.get(budget)
            return NOTHING if held is None else held.in_force(self.now())

    def request(self, budget: str, usd: str | int | Decimal) -> Decision:
        """A request that costs `usd` asks to pass; it counts only when it does."""
        with self._lock:
            meter = self._meters.setdefault(budget, Meter())
            decision = meter.decide(self._held.get(budget), self.now(), self.throttle_every)
            if decision.allowed:
                meter.passed.append((self.now(), Decimal(usd)))
            else:
                meter.refused += 1
            return decision

    def state(self) -> dict[str, object]:
        """What is in force for each budget, as JSON."""
        with self._lock:
            return {budget: self._show(held) for budget, held in sorted(self._held.items())}

    def snapshot(self) -> Mapping[str, Held]:
        with self._lock:
            return dict(self._held)

    def restore(self, snapshot: Mapping[str, Held]) -> None:
        """Puts an old state back, as a gateway restored from a backup would."""
        with self._lock:
            self._held = dict(snapshot)

    def forget(self, budget: str | None = None) -> None:
        """Loses what it holds for a budget, or for all."""
        with self._lock:
            if budget is None:
                self._held.clear()
            else:
                self._held.pop(budget, None)

    def now(self) -> datetime:
        return self.clock().astimezone(UTC)

    def apply(self, state: Held) -> tuple[str, int]:
        """The outcome, and the version held afterwards: a lower version changes nothing."""
        with self._lock:
            current = self._held.get(state.budget)
            if current is not None and current.version > state.version:
                return "older", current.version
            if current is not None and current.version == state.version:
                return "repeated", current.version
            self._held[state.budget] = state
            self._meters.setdefault(state.budget, Meter()).learn(state, self.now())
            return "applied", state.version

    def note(self, entry: Entry) -> None:
        with self._lock:
            self._journal.append(entry)

    def _show(self, held: Held) -> dict[str, object]:
        limit, version, mode = held.in_force(self.now())
        meter = self._meters.get(held.budget, Meter())
        return {
            "budget": held.budget,
            "version": version,
            "mode": mode,
            "limit_usd": None if limit is None else str(limit),
            "spent_usd": f"{meter.spent(held, self.now()):.2f}",
            "until": held.data.get("until"),
            "then": held.data.get("then"),
            "fallen_back": held.until is not None and self.now() >= held.until,
            "requests": meter.asked,
            "refused": meter.refused,
        }
