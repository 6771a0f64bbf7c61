"""Faults the usage API double can be told to show, each a number of times."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "status",  # a bare status, as a proxy in between answers
    "error",  # a documented error envelope
    "drop",  # the connection is cut without an answer; nothing is carried out
    "lose",  # carried out, but the connection is cut instead of an answer
    "silent",  # carried out, but no answer comes until the client gives up
    "truncate",  # the answer breaks off half way
    "delay",  # the answer comes late; with seconds=None never
    "loop",  # the page says that it is its own successor
    "malformed",  # 200 with a body that is not the documented one
    "mid_page",  # a status, but only for the second and later pages
    "edit",  # the answer is changed by a function
]
Edit = Callable[[dict[str, object]], object]


@dataclass(slots=True)
class Fault:
    kind: Kind
    path: str | None = None
    times: int | None = 1
    status: int = 500
    type: str = "api_error"
    error_code: str | None = None
    message: str = "something went wrong"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"data": ['
    seconds: float | None = None
    edit: Edit | None = None


@dataclass(slots=True)
class Faults:
    """Faults waiting for a request; the first that fits is used, `times=None` is for ever."""

    _waiting: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        kind: Kind,
        path: str | None = None,
        times: int | None = 1,
        *,
        status: int = 500,
        type: str = "api_error",  # noqa: A002 - the word of the error envelope
        error_code: str | None = None,
        message: str = "something went wrong",
        headers: Mapping[str, str] | None = None,
        retry_after: float | str | None = None,
        body: str = '{"data": [',
        seconds: float | None = None,
        edit: Edit | None = None,
    ) -> None:
        """Adds a fault for paths that contain `path` (every path without one)."""
        sent = dict(headers or {})
        if retry_after is not None:
            sent["retry-after"] = str(retry_after)
        fault = Fault(
            kind, path, times, status, type, error_code, message, sent, body, seconds, edit
        )
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, path: str, later_page: bool) -> Fault | None:
        """The fault for this request, used up by it."""
        with self._lock:
            for fault in self._waiting:
                if fault.path is not None and fault.path not in path:
                    continue
                if fault.kind == "mid_page" and not later_page:
                    continue
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            self._waiting.remove(fault)
