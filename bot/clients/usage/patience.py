"""How much trouble one read of a source may take before it is told."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Patience:
    """
    Counts what failed attempts and waits cost, not the work that succeeds.

    A backfill of many pages may take its time, a source that hangs may not.
    """

    left: float
    monotonic: Callable[[], float] = time.monotonic

    def wait(self, seconds: float, sleep: Callable[[float], None]) -> None:
        sleep(seconds)
        self.left -= seconds

    @contextmanager
    def attempt(self) -> Iterator[None]:
        started = self.monotonic()
        try:
            yield
        except BaseException:
            self.left -= self.monotonic() - started
            raise
