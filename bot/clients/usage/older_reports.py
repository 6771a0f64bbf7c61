"""The two older reports: pages of whole buckets, in smaller parts when a page is too large."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from bot.clients.usage.errors import AnswerTooLarge, SourceDataError, SourceError, SourceRefused
from bot.clients.usage.pages import walk_pages
from bot.clients.usage.patience import Patience
from bot.clients.usage.transport import Transport
from bot.clients.usage.usage_report_answers import AnyBucket, BucketsPage
from bot.clients.usage.windows import DAY, HOUR, MINUTE, format_moment, halve_window
from bot.domain.usage import Window

USAGE_REPORT = "usage_report/messages"
COST_REPORT = "cost_report"
USUAL_DELAY = timedelta(minutes=5)  # until usage shows; the reports do not say how far they are
# The names of the widths, and how many buckets of each fit on a page.
_WIDTHS = {MINUTE: ("1m", "1440"), HOUR: ("1h", "168"), DAY: ("1d", "31")}
_AnyPage = TypeVar("_AnyPage", bound=BucketsPage)


def read_buckets(
    transport: Transport,
    report: str,
    kind: type[_AnyPage],
    window: Window,
    width: timedelta,
    groups: Sequence[str],
    patience: Patience,
) -> Iterator[_AnyPage]:
    """
    All pages of a window of whole buckets.

    An answer that is too large is asked for again in halves, down to a single bucket.
    """
    try:
        pages = read_pages(transport, report, kind, window, width, groups, patience)
    except (AnswerTooLarge, SourceRefused) as error:
        halves = halve_window(window, width) if _is_too_large(error) else None
        if halves is None:
            raise
    else:
        yield from pages
        return
    for half in halves:
        yield from read_buckets(transport, report, kind, half, width, groups, patience)


def read_pages(
    transport: Transport,
    report: str,
    kind: type[_AnyPage],
    window: Window,
    width: timedelta,
    groups: Sequence[str],
    patience: Patience,
) -> list[_AnyPage]:
    name, most = _WIDTHS[width]
    asked = (
        ("starting_at", format_moment(window.starts_at)),
        ("ending_at", format_moment(window.ends_at)),
        ("bucket_width", name),
        *(("group_by[]", group) for group in groups),
        ("limit", most),
    )
    return list(walk_pages(transport, report, kind, asked, patience))


def check_bucket(bucket: AnyBucket, window: Window, width: timedelta) -> datetime:
    """Its start, once it is sure to be one of those that were asked for."""
    starts_at, ends_at = bucket.starting_at.astimezone(UTC), bucket.ending_at.astimezone(UTC)
    where = f"bucket {starts_at:%FT%TZ}"
    if not window.starts_at <= starts_at < ends_at <= window.ends_at:
        raise SourceDataError(f"{where}: starting_at is outside the window")
    if ends_at - starts_at != width:
        raise SourceDataError(f"{where}: ending_at {ends_at:%FT%TZ} is not that of its width")
    return starts_at


def _is_too_large(error: SourceError) -> bool:
    """A dense organization's page may be refused as such, with a plain 400."""
    if isinstance(error, SourceRefused):
        return error.status == 400 and "too large" in str(error)
    return isinstance(error, AnswerTooLarge)
