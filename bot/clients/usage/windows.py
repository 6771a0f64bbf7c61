"""The windows an analytics report can be asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

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


def split_window(window: Window) -> Iterator[Window]:
    """Parts of at most 31 days."""
    starts_at = window.starts_at
    while starts_at < window.ends_at:
        ends_at = min(starts_at + _LONGEST, window.ends_at)
        yield Window(starts_at, ends_at)
        starts_at = ends_at


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _ceil(moment: datetime) -> datetime:
    floor = _floor(moment)
    return floor if floor == moment else floor + _HOUR
