"""Events: delivered until they are acknowledged, at most four times."""

import threading
from collections.abc import Callable

from bot.sandbox.slack.envelopes import Ack, Envelope, Json

RETRY_DELAYS = (0.0, 60.0, 300.0)


class Events:
    """Sends events and redelivers them: at once, after a minute, after five (or as configured)."""

    def __init__(
        self, deliver: Callable[[Envelope], Ack], delays: tuple[float, ...] = RETRY_DELAYS
    ) -> None:
        self._deliver = deliver
        self._delays = delays
        self._timers: list[threading.Timer] = []
        self.last: Json | None = None

    def send(self, payload: Json) -> Ack:
        self.last = payload
        return self._attempt(payload, 0, "")

    def redeliver(self, reason: str = "http_timeout") -> Ack:
        """Send the last event once more, as after an ack that Slack did not see."""
        if self.last is None:
            raise LookupError("no event was sent yet")
        return self._deliver(Envelope("events_api", self.last, 1, reason))

    def _attempt(self, payload: Json, number: int, reason: str) -> Ack:
        ack = self._deliver(Envelope("events_api", payload, number, reason))
        if ack.ok or ack.no_retry or number >= len(self._delays):
            return ack
        reason = "http_timeout" if ack.timed_out else "http_error"
        delay = self._delays[number]
        if delay <= 0:
            return self._attempt(payload, number + 1, reason)
        timer = threading.Timer(delay, self._attempt, (payload, number + 1, reason))
        timer.daemon = True
        self._timers.append(timer)
        timer.start()
        return ack

    def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
