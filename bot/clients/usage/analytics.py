"""The analytics reports: cost and usage of a window, by the same dimensions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from bot.clients.usage.answers import CostPage, CostRow, ReportPage, UsagePage
from bot.clients.usage.answers import UsageRow as UsageAnswer
from bot.clients.usage.pages import walk_pages
from bot.clients.usage.patience import Patience
from bot.clients.usage.rows import join_rows
from bot.clients.usage.transport import Transport
from bot.clients.usage.windows import DAY, HOUR, MINUTE, format_moment
from bot.domain.usage import UsageRow, Window

GROUPS = ("workspace_id", "api_key_id", "actor", "model", "product")
_WIDTHS = {MINUTE: "1m", HOUR: "1h", DAY: "1d"}
_AnyReport = TypeVar("_AnyReport", bound=ReportPage)


@dataclass(frozen=True, slots=True)
class Read:
    """Rows of an hour each, and up to when the older one of the two reports is complete."""

    rows: tuple[UsageRow, ...]
    refreshed_at: datetime | None


def read_rows(
    transport: Transport, source: str, window: Window, width: timedelta, patience: Patience
) -> Read:
    """Every row of a window of whole buckets, at most 31 days and, in minutes, 24 hours."""
    costs = read_report(transport, "cost", CostPage, window, width, GROUPS, patience)
    usages = read_report(transport, "usage", UsagePage, window, width, GROUPS, patience)
    return join_pages(source, window, costs, usages, width)


def join_pages(
    source: str,
    window: Window,
    costs: Iterable[CostPage],
    usages: Iterable[UsagePage],
    width: timedelta = HOUR,
) -> Read:
    """
    The rows of both reports, joined page by page.

    A row as it was answered takes 3 kB: of all the pages of a large organization together that would
    be more than everything else a tick holds.
    """
    refreshed: list[datetime] = []
    rows = join_rows(source, window, _costs(costs, refreshed), _usages(usages, refreshed), width)
    return Read(rows, min(refreshed, default=None))


def _costs(pages: Iterable[CostPage], refreshed: list[datetime]) -> Iterator[CostRow]:
    for page in pages:
        refreshed += refreshes(page)
        yield from page.data


def _usages(pages: Iterable[UsagePage], refreshed: list[datetime]) -> Iterator[UsageAnswer]:
    for page in pages:
        refreshed += refreshes(page)
        yield from page.data


def read_report(
    transport: Transport,
    report: str,
    kind: type[_AnyReport],
    window: Window,
    width: timedelta | None,
    groups: Sequence[str],
    patience: Patience,
) -> Iterator[_AnyReport]:
    """The pages of one report; without a width a row is for the whole window."""
    buckets = () if width is None else (("time_bucket_width", _WIDTHS[width]),)
    order = () if width is None else (("order_by", "time"), ("order", "asc"))
    asked = (
        ("starting_at", format_moment(window.starts_at)),
        ("ending_at", format_moment(window.ends_at)),
        *buckets,
        *(("group_by[]", group) for group in groups),
        ("limit", "1000"),
        *order,
    )
    return walk_pages(transport, f"analytics/{report}", kind, asked, patience)


def refreshes(page: ReportPage) -> list[datetime]:
    return [] if page.data_refreshed_at is None else [page.data_refreshed_at]
