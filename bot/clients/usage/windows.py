"""The windows a report can be asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bot.clients.usage.errors import SourceRefused
from bot.domain.usage import Window

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_LONGEST = timedelta(days=31)
_FURTHEST = timedelta(days=365)
_CLOCK_SKEW = timedelta(minutes=5)


def earliest_hour(now: datetime) -> datetime:
    """The first hour the API answers for; its clock, not ours, says what lies 365 days back."""
    return max(EARLIEST, _floor(now - _FURTHEST + _CLOCK_SKEW) + _HOUR)


def align_window(window: Window, now: datetime) -> Window | None:
    """
    Whole hours of the window that the API can answer for, None when there are none.

    An hour read in part would replace the whole hour in the ledger.
    """
    starts_at = max(_floor(window.starts_at), earliest_hour(now))
    ends_at = min(_ceil(window.ends_at), _ceil(now))
    return Window(starts_at, ends_at) if starts_at < ends_at else None


def readable_window(window: Window, now: datetime) -> Window:
    """As `align_window`, but refused when nothing is left: an empty answer would say no spend."""
    readable = align_window(window, now)
    if readable is None:
        raise SourceRefused(
            f"nothing can be read for {format_moment(window.starts_at)} to "
            f"{format_moment(window.ends_at)}: the source answers from "
            f"{format_moment(earliest_hour(now))} to the present hour"
        )
    return readable


def split_window(window: Window) -> Iterator[Window]:
    """Parts of at most 31 days."""
    starts_at = window.starts_at
    while starts_at < window.ends_at:
        ends_at = min(starts_at + _LONGEST, window.ends_at)
        yield Window(starts_at, ends_at)
        starts_at = ends_at


def halve_window(window: Window) -> tuple[Window, Window] | None:
    """Two parts of whole hours, None for a single hour."""
    hours = (window.ends_at - window.starts_at) // _HOUR
    if hours < 2:
        return None
    middle = window.starts_at + hours // 2 * _HOUR
    return Window(window.starts_at, middle), Window(middle, window.ends_at)


def format_moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _ceil(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + _HOUR
