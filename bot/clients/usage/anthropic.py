"""Anthropic's analytics reports as a usage source: complete windows of hours, or an error."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar

from bot.clients.usage.answers import (
    ApiKeyPage,
    CostPage,
    CostRow,
    ListPage,
    OrganizationAnswer,
    ReportPage,
    UsagePage,
    WorkspacePage,
    parse_answer,
)
from bot.clients.usage.answers import UsageRow as UsageAnswer
from bot.clients.usage.errors import PageLoop, SourceRefused
from bot.clients.usage.patience import Patience
from bot.clients.usage.rows import join_rows
from bot.clients.usage.transport import LARGEST_ANSWER, Transport
from bot.clients.usage.windows import align_window, earliest_hour, split_window
from bot.clock import Clock, utc_now
from bot.domain.usage import ApiKey, Directory, Fetched, UsageRow, Window, Workspace

BASE_URL = "https://api.anthropic.com"
_ROOT = "/v1/organizations"
_GROUPS = ("workspace_id", "api_key_id", "actor", "model", "product")
_MOST_PAGES = 10_000
_AnyReport = TypeVar("_AnyReport", bound=ReportPage)
_AnyList = TypeVar("_AnyList", bound=ListPage)


class AnthropicSource:
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
        readable = align_window(window, now)
        if readable is None:
            # an empty answer would say that nothing was spent then
            raise SourceRefused(
                f"nothing can be read for {_format(window.starts_at)} to {_format(window.ends_at)}: "
                f"the source answers from {_format(earliest_hour(now))} to the present hour"
            )
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
        """Workspaces, archived and default ones too, and keys: spend outlives both."""
        patience = Patience(self._patience)
        everything = (("include_archived", "true"), ("include_default", "true"))
        workspaces = {
            item.id: Workspace(item.id, item.name, item.tags)
            for page in self._list("workspaces", WorkspacePage, everything, patience)
            for item in page.data
        }
        api_keys = {
            item.id: ApiKey(item.id, item.name, item.scope.workspace_id)
            for page in self._list("api_keys", ApiKeyPage, (), patience)
            for item in page.data
        }
        return Directory(workspaces=workspaces, api_keys=api_keys)

    def check(self) -> str:
        """The organization's name. A key with read:analytics cannot ask for it: then a report is tried."""
        patience = Patience(self._patience)
        try:
            body = self._transport.get(f"{_ROOT}/me", (), patience)
        except SourceRefused as refused:
            if refused.status != 403:
                raise
            now = self._clock()
            start = (now - timedelta(days=1)).isoformat()
            self._transport.get(
                f"{_ROOT}/analytics/cost", (("starting_at", start), ("limit", "1")), patience
            )
            return "a key with read:analytics, which cannot read names of workspaces and keys"
        return parse_answer(OrganizationAnswer, body, f"{_ROOT}/me").name

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _report(
        self, report: str, kind: type[_AnyReport], window: Window, patience: Patience
    ) -> Iterator[_AnyReport]:
        path = f"{_ROOT}/analytics/{report}"
        asked = (
            ("starting_at", _format(window.starts_at)),
            ("ending_at", _format(window.ends_at)),
            ("time_bucket_width", "1h"),
            *(("group_by[]", group) for group in _GROUPS),
            ("limit", "1000"),
            ("order_by", "time"),
            ("order", "asc"),
        )
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            parameters = asked if cursor is None else (*asked, ("page", cursor))
            page = parse_answer(kind, self._transport.get(path, parameters, patience), path)
            yield page
            cursor = page.next_page if page.has_more is not False else None
            if not cursor:
                return
            _remember(seen, cursor, path)

    def _list(
        self,
        name: str,
        kind: type[_AnyList],
        asked: tuple[tuple[str, str], ...],
        patience: Patience,
    ) -> Iterator[_AnyList]:
        path = f"{_ROOT}/{name}"
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            after = () if cursor is None else (("after_id", cursor),)
            parameters = (*asked, ("limit", "1000"), *after)
            page = parse_answer(kind, self._transport.get(path, parameters, patience), path)
            yield page
            cursor = page.last_id if page.has_more else None
            if not cursor:
                return
            _remember(seen, cursor, path)


def _remember(seen: set[str], cursor: str, path: str) -> None:
    if cursor in seen:
        raise PageLoop(f"{path}: the pages go round in a circle")
    seen.add(cursor)
    if len(seen) >= _MOST_PAGES:
        raise PageLoop(f"{path}: more than {_MOST_PAGES:,} pages")


def _refreshed(page: ReportPage) -> list[datetime]:
    return [] if page.data_refreshed_at is None else [page.data_refreshed_at]


def _format(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
