"""Faults the gateway double can be told to show, each a number of times."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "status",  # this status; nothing is applied
    "hang",  # no answer until the sender gives up; nothing is applied
    "drop",  # applied, but the connection is cut instead of an answer
    "accept",  # applied, but 202 without a body
    "accept_unapplied",  # 202 without a body, and nothing is applied
    "stale",  # 200 with the version before: taken, not yet in force
]


@dataclass(slots=True)
class Fault:
    kind: Kind
    times: int | None
    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(slots=True)
class Faults:
    _waiting: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        kind: Kind,
        times: int | None = 1,
        *,
        status: int = 503,
        retry_after: float | str | None = None,
        headers: Mapping[str, str] | None = None,
        body: str = "",
    ) -> None:
        """Adds a fault for the next deliveries, `times=None` for all of them."""
        sent = dict(headers or {})
        if retry_after is not None:
            sent["retry-after"] = str(retry_after)
        with self._lock:
            self._waiting.append(Fault(kind, times, status, sent, body))

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self) -> Fault | None:
        with self._lock:
            if not self._waiting:
                return None
            fault = self._waiting[0]
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.pop(0)
            return fault
