"""Moves the world: takes what the page asks for in turn, and else lets time go by."""

import logging
import queue
import threading
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from bot.sandbox.clock import MovableClock
from bot.sandbox.world.time import SPEED, next_stop, target

logger = logging.getLogger(__name__)
BEAT_SECONDS = 1.0


class Stage(Protocol):
    """What the mover needs of the world."""

    clock: MovableClock

    def flow(self, until: datetime) -> None: ...

    def burst(self, budget: str, usd: Decimal) -> None: ...

    def turn(self) -> None: ...

    def touch(self) -> None: ...


class Mover:
    """One thread, so that nothing happens twice at a time; `moving_to` and `runs` may be read."""

    def __init__(self, stage: Stage) -> None:
        self.moving_to: datetime | None = None
        self.runs = False
        self._stage = stage
        self._stopped = threading.Event()
        self._halted = threading.Event()
        self._wishes: queue.Queue[Callable[[], None]] = queue.Queue()
        self._thread = threading.Thread(target=self._live, name="world", daemon=True)

    def start(self) -> None:
        self.run()
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._halted.set()
        self._wishes.put(lambda: None)  # so that nobody waits for the next beat
        if self._thread.is_alive():
            self._thread.join(10)

    def run(self) -> None:
        self.runs = True
        if self.moving_to is None:
            self._stage.clock.run(SPEED)
        self._stage.touch()

    def pause(self) -> None:
        """Time stands still; a move under way ends where it is."""
        self.runs = False
        self._halted.set()
        self._stage.clock.run(0)
        self._stage.touch()

    def move(self, jump: str) -> None:
        self._wishes.put(lambda: self._move(jump))

    def spend(self, budget: str, usd: Decimal) -> None:
        self._wishes.put(lambda: self._spend(budget, usd))

    def _live(self) -> None:
        while not self._stopped.is_set():
            try:
                work = self._wishes.get(timeout=BEAT_SECONDS)
            except queue.Empty:
                work = self._beat
            try:
                work()
            except Exception:
                logger.exception("the demo stumbled", extra={"action": "demo_failed"})

    def _beat(self) -> None:
        if self.runs:
            self._stage.flow(self._stage.clock())
            self._stage.turn()

    def _move(self, jump: str) -> None:
        """In steps, each with its traffic and the bot's turn; in between the clock stands still."""
        clock = self._stage.clock
        clock.run(0)
        self._halted.clear()
        end = target(jump, clock()) or clock()
        self.moving_to = end
        try:
            while clock() < end and not self._halted.is_set():
                self._stage.flow(next_stop(clock(), end))
                self._stage.turn()
        finally:
            self.moving_to = None
            if self.runs:
                clock.run(SPEED)
            self._stage.touch()

    def _spend(self, budget: str, usd: Decimal) -> None:
        self._stage.burst(budget, usd)
        self._stage.turn()
