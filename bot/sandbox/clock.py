"""A clock that runs like the wall's, and can be moved: a month goes by in a second."""

import threading
import time
from datetime import UTC, datetime, timedelta


class MovableClock:
    """Call it for the moment; `to` and `ahead` move it, and it runs on from there."""

    def __init__(self, start: datetime, speed: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._base = start.astimezone(UTC)
        self._since = time.monotonic()
        self._speed = speed

    def __call__(self) -> datetime:
        with self._lock:
            return self._now()

    def to(self, moment: datetime) -> None:
        with self._lock:
            self._set(moment.astimezone(UTC))

    def ahead(self, span: timedelta) -> None:
        with self._lock:
            self._set(self._now() + span)

    def run(self, speed: float) -> None:
        """How many seconds go by in a second; 0 stands still."""
        with self._lock:
            self._set(self._now())
            self._speed = speed

    def _now(self) -> datetime:
        gone = (time.monotonic() - self._since) * self._speed
        return self._base + timedelta(seconds=gone)

    def _set(self, moment: datetime) -> None:
        self._base = moment
        self._since = time.monotonic()
