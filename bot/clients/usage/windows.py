"""The windows a report can be asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bot.clients.usage.errors import SourceRefused
from bot.domain.usage import Window

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = timedelta(days=31)
_FURTHEST = timedelta(days=365)
_CLOCK_SKEW = timedelta(minutes=5)


def earliest_hour(now: datetime) -> datetime:
    """The first hour the API answers for; its clock, not ours, says what lies 365 days back."""
    return max(EARLIEST, floor_moment(now - _FURTHEST + _CLOCK_SKEW) + HOUR)


def align_window(window: Window, now: datetime) -> Window | None:
    """
    Whole hours of the window that the API can answer for, None when there are none.

    An hour read in part would replace the whole hour in the ledger.
    """
    starts_at = max(floor_moment(window.starts_at), earliest_hour(now))
    ends_at = min(ceil_moment(window.ends_at), ceil_moment(now))
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


def widen_to_days(window: Window, now: datetime) -> Window:
    """
    The window, with the UTC days that it begins and ends in read whole where they are over.

    A bill is for a day, and a day read in part could not be divided by it.
    """
    starts_at, ends_at = floor_moment(window.starts_at, DAY), ceil_moment(window.ends_at, DAY)
    if starts_at < earliest_hour(now) or starts_at + DAY > now:
        starts_at = window.starts_at
    return Window(starts_at, ends_at if ends_at <= now else window.ends_at)


def whole_days(window: Window, now: datetime) -> Window | None:
    """The UTC days that lie wholly in the window and are over, None when there are none."""
    earliest = max(window.starts_at, earliest_hour(now))
    starts_at = ceil_moment(earliest, DAY)
    ends_at = min(floor_moment(window.ends_at, DAY), floor_moment(now, DAY))
    return Window(starts_at, ends_at) if starts_at < ends_at else None


def split_window(window: Window) -> Iterator[Window]:
    """Parts of at most 31 days."""
    starts_at = window.starts_at
    while starts_at < window.ends_at:
        ends_at = min(starts_at + _LONGEST, window.ends_at)
        yield Window(starts_at, ends_at)
        starts_at = ends_at


def halve_window(window: Window, width: timedelta = HOUR) -> tuple[Window, Window] | None:
    """Two parts of whole buckets, None for a single one."""
    buckets = (window.ends_at - window.starts_at) // width
    if buckets < 2:
        return None
    middle = window.starts_at + buckets // 2 * width
    return Window(window.starts_at, middle), Window(middle, window.ends_at)


def format_moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def floor_moment(moment: datetime, width: timedelta = HOUR) -> datetime:
    """The start of the UTC minute, hour or day."""
    moment = moment.astimezone(UTC)
    return moment - (moment - _ZERO) % width


def ceil_moment(moment: datetime, width: timedelta = HOUR) -> datetime:
    floor = floor_moment(moment, width)
    return floor if floor == moment else floor + width
