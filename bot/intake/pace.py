"""How fast older usage is read: nobody waits for it, so the source's other callers come first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.usage.errors import SourceError, SourceUnavailable

PAUSE = 2.0  # seconds between two chunks
PATIENCE = 300.0  # seconds that a chunk may wait because the source asks for it
CHUNK_DAYS = 7


@dataclass(slots=True)
class Pace:
    """
    What one reader has learned of how much a source can take; a restart forgets it.

    `days` in a chunk, not before when it is asked again, and where a pass was broken off.
    """

    days: int = CHUNK_DAYS
    not_before: datetime | None = None
    broke_off_at: datetime | None = None

    def slow_down(self, error: SourceError | None, now: datetime) -> float | None:
        """
        Seconds to wait when the source said so, else None; the next chunk is half as long.

        A chunk begins anew: one with more pages than a minute's ration would never come to its end.
        """
        wait = wants_rest(error)
        if wait is not None:
            self.days = max(1, self.days // 2)
            self.rest(now, timedelta(seconds=min(wait, PATIENCE)))
        return wait

    def rest(self, now: datetime, span: timedelta) -> None:
        self.not_before = now + span

    def rests(self, now: datetime) -> bool:
        return self.not_before is not None and now < self.not_before


def wants_rest(error: SourceError | None) -> float | None:
    """Seconds for which a source wants to be left alone; None when it did not say so."""
    if not isinstance(error, SourceUnavailable) or error.retry_after is None:
        return None
    return max(error.retry_after, PAUSE)
