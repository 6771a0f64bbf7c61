"""Anthropic's analytics reports as a usage source: complete windows of hours, or an error."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.clients.usage.analytics import read_rows
from bot.clients.usage.closing import Closing
from bot.clients.usage.day_totals import read_analytics_totals
from bot.clients.usage.errors import SourceRefused
from bot.clients.usage.names import read_directory, read_organization
from bot.clients.usage.pages import ROOT
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import LARGEST_ANSWER
from bot.clients.usage.tail import Tail
from bot.clients.usage.transport import BETA, Transport
from bot.clients.usage.windows import HOUR, earliest_hour, readable_window, split_window
from bot.clock import Clock, utc_now
from bot.domain.usage import DayTotal, Directory, Fetched, Window

BASE_URL = "https://api.anthropic.com"


class AnthropicSource(Closing):
    """`tail` estimates what was spent after the reports were refreshed; it needs an admin key."""

    def __init__(
        self,
        key: str,
        base_url: str = BASE_URL,
        *,
        name: str = "anthropic",
        patience: float = 15.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = utc_now,
        largest_answer: int = LARGEST_ANSWER,
        read_seconds: float = 10.0,
        tail: bool = True,
    ) -> None:
        self.name = name
        self._patience = patience
        self._clock = clock
        self._told: set[str] = set()
        self._transport = Transport(
            key,
            base_url,
            beta=BETA,
            sleep=sleep,
            clock=clock,
            largest_answer=largest_answer,
            read_seconds=read_seconds,
        )
        self._tail = Tail(self._transport, name, patience) if tail else None

    def earliest(self, now: datetime) -> datetime:
        return earliest_hour(now)

    def fetch(self, window: Window, now: datetime) -> Fetched:
        """
        Every row of the window, in whole hours.

        The window that comes back is the one that was read: widened to hours, cut to what the API
        answers for and to the present hour. Any failure raises, so half of an answer never looks
        like less spend. Only the tail may fail: then the rows are the billed ones alone.
        """
        readable = readable_window(window, now)
        patience = Patience(self._patience)
        parts = [
            read_rows(self._transport, self.name, part, HOUR, patience)
            for part in split_window(readable)
        ]
        fetched = Fetched(
            window=readable,
            rows=tuple(row for part in parts for row in part.rows),
            refreshed_at=min((p.refreshed_at for p in parts if p.refreshed_at), default=None),
        )
        return self._tail.extend(fetched, now) if self._tail else fetched

    def totals(self, window: Window, now: datetime) -> tuple[DayTotal, ...]:
        """See `Totals`; days after the last refresh are not told yet."""
        return read_analytics_totals(self._transport, window, now, Patience(self._patience))

    def directory(self) -> Directory:
        return read_directory(self._transport, Patience(self._patience), self._told)

    def check(self) -> str:
        """The organization's name. A key with read:analytics cannot ask for it: then a report is tried."""
        patience = Patience(self._patience)
        try:
            return read_organization(self._transport, patience)
        except SourceRefused as refused:
            if refused.status != 403:
                raise
        start = (self._clock() - timedelta(days=1)).isoformat()
        self._transport.get(
            f"{ROOT}/analytics/cost", (("starting_at", start), ("limit", "1")), patience
        )
        return "a key with read:analytics, which cannot read names of workspaces and keys"

    def close(self) -> None:
        self._transport.close()
