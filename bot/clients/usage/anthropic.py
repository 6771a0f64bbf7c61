"""Anthropic's analytics reports as a usage source: complete windows of hours, or an error."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from bot.clients.usage.answers import CostPage, CostRow, ReportPage, UsagePage
from bot.clients.usage.answers import UsageRow as UsageAnswer
from bot.clients.usage.closing import Closing
from bot.clients.usage.errors import SourceRefused
from bot.clients.usage.names import read_directory, read_organization
from bot.clients.usage.pages import ROOT, walk_pages
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import LARGEST_ANSWER
from bot.clients.usage.rows import join_rows
from bot.clients.usage.transport import BETA, Transport
from bot.clients.usage.windows import earliest_hour, format_moment, readable_window, split_window
from bot.clock import Clock, utc_now
from bot.domain.usage import Directory, Fetched, UsageRow, Window

BASE_URL = "https://api.anthropic.com"
_GROUPS = ("workspace_id", "api_key_id", "actor", "model", "product")
_AnyReport = TypeVar("_AnyReport", bound=ReportPage)


class AnthropicSource(Closing):
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
    ) -> None:
        self.name = name
        self._patience = patience
        self._clock = clock
        self._transport = Transport(
            key,
            base_url,
            beta=BETA,
            sleep=sleep,
            clock=clock,
            largest_answer=largest_answer,
            read_seconds=read_seconds,
        )

    def earliest(self, now: datetime) -> datetime:
        return earliest_hour(now)

    def fetch(self, window: Window, now: datetime) -> Fetched:
        """
        Every row of the window, in whole hours.

        The window that comes back is the one that was read: widened to hours, cut to what the API
        answers for and to the present hour. Any failure raises, so half of an answer never looks
        like less spend.
        """
        readable = readable_window(window, now)
        patience = Patience(self._patience)
        rows: list[UsageRow] = []
        refreshed: list[datetime] = []
        for part in split_window(readable):
            costs: list[CostRow] = []
            usages: list[UsageAnswer] = []
            for cost_page in self._report("cost", CostPage, part, patience):
                costs += cost_page.data
                refreshed += _refreshed(cost_page)
            for usage_page in self._report("usage", UsagePage, part, patience):
                usages += usage_page.data
                refreshed += _refreshed(usage_page)
            rows += join_rows(self.name, part, costs, usages)
        return Fetched(window=readable, rows=tuple(rows), refreshed_at=min(refreshed, default=None))

    def directory(self) -> Directory:
        return read_directory(self._transport, Patience(self._patience))

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

    def _report(
        self, report: str, kind: type[_AnyReport], window: Window, patience: Patience
    ) -> Iterator[_AnyReport]:
        asked = (
            ("starting_at", format_moment(window.starts_at)),
            ("ending_at", format_moment(window.ends_at)),
            ("time_bucket_width", "1h"),
            *(("group_by[]", group) for group in _GROUPS),
            ("limit", "1000"),
            ("order_by", "time"),
            ("order", "asc"),
        )
        return walk_pages(self._transport, f"analytics/{report}", kind, asked, patience)


def _refreshed(page: ReportPage) -> list[datetime]:
    return [] if page.data_refreshed_at is None else [page.data_refreshed_at]
