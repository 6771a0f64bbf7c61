"""
The older usage report as a source, for organizations without the analytics reports.

It knows tokens and no dollars, so every row is an estimate at list price: discounts, code
execution and fast mode are not in it, and nobody but the key is named.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from bot.clients.usage.closing import Closing
from bot.clients.usage.errors import AnswerTooLarge, SourceError, SourceRefused
from bot.clients.usage.estimates import GROUPS, estimate_rows
from bot.clients.usage.names import read_directory, read_organization
from bot.clients.usage.pages import walk_pages
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import LARGEST_ANSWER
from bot.clients.usage.transport import Transport
from bot.clients.usage.usage_report_answers import Bucket, BucketPage
from bot.clients.usage.windows import (
    earliest_hour,
    format_moment,
    halve_window,
    readable_window,
    split_window,
)
from bot.clock import Clock, utc_now
from bot.domain.usage import Directory, Fetched, UsageRow, Window

BASE_URL = "https://api.anthropic.com"
_REPORT = "usage_report/messages"
_MOST_BUCKETS = "168"  # of an hour, on one page
logger = logging.getLogger(__name__)


class UsageReportSource(Closing):
    """`unpriced` counts the rows of the last fetch that have no known price, by model."""

    def __init__(
        self,
        key: str,
        base_url: str = BASE_URL,
        *,
        name: str = "usage_report",
        patience: float = 15.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = utc_now,
        largest_answer: int = LARGEST_ANSWER,
        read_seconds: float = 10.0,
    ) -> None:
        self.name = name
        self.unpriced: Mapping[str, int] = {}
        self._patience = patience
        self._clock = clock
        self._transport = Transport(
            key,
            base_url,
            sleep=sleep,
            clock=clock,
            largest_answer=largest_answer,
            read_seconds=read_seconds,
        )

    def earliest(self, now: datetime) -> datetime:
        return earliest_hour(now)

    def fetch(self, window: Window, now: datetime) -> Fetched:
        """
        Every row of the window in whole hours, priced from its tokens.

        A model without a known price has no money, but keeps its tokens and is warned of. How
        fresh the data is, the report does not say.
        """
        readable = readable_window(window, now)
        patience = Patience(self._patience)
        rows: list[UsageRow] = []
        unpriced: Counter[str] = Counter()
        for part in split_window(readable):
            estimated = estimate_rows(self.name, part, self._read(part, patience))
            rows += estimated.rows
            unpriced.update(estimated.unpriced)
        self.unpriced = dict(unpriced)
        if unpriced:
            logger.warning(
                "usage without a known price counts as $0",
                extra={
                    "action": "usage_unpriced",
                    "source": self.name,
                    "unpriced_rows": unpriced.total(),
                    "models": sorted(unpriced),
                },
            )
        return Fetched(window=readable, rows=tuple(rows), refreshed_at=None)

    def directory(self) -> Directory:
        return read_directory(self._transport, Patience(self._patience))

    def check(self) -> str:
        """The organization's name, once the report itself has answered too."""
        patience = Patience(self._patience)
        organization = read_organization(self._transport, patience)
        now = self._clock()
        self._pages(readable_window(Window(now - timedelta(hours=1), now), now), patience)
        return f"{organization} (dollars are estimated from tokens)"

    def close(self) -> None:
        self._transport.close()

    def _read(self, window: Window, patience: Patience) -> Iterator[Bucket]:
        """An answer that is too large is asked for again in halves, down to a single hour."""
        try:
            buckets = self._pages(window, patience)
        except (AnswerTooLarge, SourceRefused) as error:
            halves = halve_window(window) if _is_too_large(error) else None
            if halves is None:
                raise
        else:
            yield from buckets
            return
        for half in halves:
            yield from self._read(half, patience)

    def _pages(self, window: Window, patience: Patience) -> list[Bucket]:
        asked = (
            ("starting_at", format_moment(window.starts_at)),
            ("ending_at", format_moment(window.ends_at)),
            ("bucket_width", "1h"),
            *(("group_by[]", group) for group in GROUPS),
            ("limit", _MOST_BUCKETS),
        )
        pages = walk_pages(self._transport, _REPORT, BucketPage, asked, patience)
        return [bucket for page in pages for bucket in page.data]


def _is_too_large(error: SourceError) -> bool:
    """A dense organization's page may be refused as such, with a plain 400."""
    if isinstance(error, SourceRefused):
        return error.status == 400 and "too large" in str(error)
    return isinstance(error, AnswerTooLarge)
