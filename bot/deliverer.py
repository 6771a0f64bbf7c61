"""The threads that empty the outbox."""

import logging
import threading

from bot.flows.delivery import deliver_next
from bot.parts import Bot
from store.outbox import Lane

logger = logging.getLogger(__name__)
IDLE_SECONDS = 1.0


class Deliverer:
    """One thread for each lane: a slow target never holds up a message."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._bot: Bot | None = None
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"deliver-{lane}", daemon=True)

    def start(self, bot: Bot) -> None:
        self._bot = bot
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()
        self._thread.join(20)

    def _work(self) -> None:
        bot = self._bot
        while bot is not None and not self._stopped.is_set():
            self._woken.clear()
            try:
                attempt = deliver_next(bot, self._lane, bot.clock())
            except Exception:
                logger.exception("delivery failed", extra={"action": "delivery_failed"})
                attempt = None
            if attempt is None:
                self._woken.wait(IDLE_SECONDS)
            elif attempt.hold:
                self._stopped.wait(min(attempt.hold, 60))
