"""Faults on order: what goes wrong in the next calls of a Web API method."""

import threading
from dataclasses import dataclass
from typing import Literal, get_args

from bot.sandbox.slack.errors import SandboxError

FaultKind = Literal["error", "status", "ratelimited", "lost_answer", "delay", "refuse"]


@dataclass(slots=True)
class Fault:
    """One order. `lost_answer` takes effect and drops the connection, `refuse` only drops it."""

    method: str
    kind: FaultKind
    times: int | None
    error: str
    status: int
    retry_after: int
    seconds: float
    after: int


class Faults:
    """The orders that are still open, oldest first; `*` as the method means any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Fault] = []

    def add(
        self,
        method: str,
        kind: FaultKind,
        times: int | None = 1,
        *,
        error: str = "internal_error",
        status: int = 503,
        retry_after: int = 1,
        seconds: float = 1.0,
        after: int = 0,
    ) -> None:
        """Order a fault for the next `times` calls (None: for ever), once `after` calls went well."""
        if kind not in get_args(FaultKind):
            raise SandboxError(f"unknown kind of fault: {kind}")
        with self._lock:
            self._open.append(
                Fault(method, kind, times, error, status, retry_after, seconds, after)
            )

    def clear(self) -> None:
        with self._lock:
            self._open.clear()

    def take(self, method: str) -> Fault | None:
        """The fault for this call, if one is due; it is used up by that."""
        with self._lock:
            for fault in self._open:
                if fault.method not in {method, "*"}:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    return None
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._open.remove(fault)
                return fault
        return None
