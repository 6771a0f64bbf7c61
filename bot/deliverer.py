"""The threads that work whenever there is something to do, whatever the bot's clock says."""

import logging
import threading

from bot.flows import home
from bot.flows.delivery import deliver_next
from bot.parts import Bot
from store.outbox import Lane

logger = logging.getLogger(__name__)
IDLE_SECONDS = 1.0
LONGEST_HOLD = 60.0


class Worker:
    """
    Does one step after the other, and waits where there was nothing to do until it is woken.

    It pauses by the wall's clock: what somebody has pressed is carried out and shown also while the
    bot's clock stands still.
    """

    def __init__(self, name: str) -> None:
        self._bot: Bot | None = None
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self, bot: Bot) -> None:
        self._bot = bot
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stopped.set()
        self._woken.set()
        self._thread.join(20)

    def step(self, bot: Bot) -> float | None:
        """One piece of work: how many seconds to leave it alone, or None when there was nothing."""
        raise NotImplementedError

    def _work(self) -> None:
        bot = self._bot
        while bot is not None and not self._stopped.is_set():
            self._woken.clear()
            try:
                hold = self.step(bot)
            except Exception:
                logger.exception("work failed", extra={"action": "work_failed"})
                hold = None
            if hold is None:
                self._woken.wait(IDLE_SECONDS)
            elif hold:
                self._stopped.wait(min(hold, LONGEST_HOLD))


class Deliverer(Worker):
    """Empties the outbox; one for each lane, so a slow target never holds up a message."""

    def __init__(self, lane: Lane) -> None:
        super().__init__(f"deliver-{lane}")
        self._lane = lane

    def step(self, bot: Bot) -> float | None:
        attempt = deliver_next(bot, self._lane, bot.clock())
        return None if attempt is None else attempt.hold


class HomeKeeper(Worker):
    """
    Has the Home tabs published anew that a decision or an answer has changed.

    Not in a deliverer's thread: an alert never waits for tabs that nobody may be looking at. And at
    most once a second, however much is recorded.
    """

    def __init__(self) -> None:
        super().__init__("keep-homes")
        self._watch = home.Watch()

    def step(self, bot: Bot) -> float | None:
        return IDLE_SECONDS if self._watch.refresh_if_moved(bot, bot.clock()) is not None else None
