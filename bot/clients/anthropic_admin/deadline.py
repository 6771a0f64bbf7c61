"""When one attempt is over, however many requests it takes."""

import time
from collections.abc import Callable

from bot.clients.anthropic_admin.errors import AdminError


class Deadline:
    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ends = monotonic() + seconds

    def left(self) -> float:
        return self._ends - self._monotonic()

    def over(self) -> bool:
        return self.left() <= 0

    def grant(self, most: float) -> float:
        """Seconds for the next request; raises AdminError when there are none left."""
        left = self.left()
        if left <= 0:
            raise AdminError("the attempt took too long and goes on with the next", permanent=False)
        return min(left, most)
