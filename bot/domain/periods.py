"""Calendar periods in a budget's own time zone, as half-open UTC intervals."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Cadence(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True)
class Period:
    """From `starts_at` up to, but not including, `ends_at`; called by its first local day."""

    first_day: date
    starts_at: datetime
    ends_at: datetime

    def left(self, now: datetime) -> timedelta:
        return max(self.ends_at - now, timedelta())


def period_at(now: datetime, cadence: Cadence, time_zone: ZoneInfo) -> Period:
    """The period that holds `now`; its first local day is its name, because UTC days repeat."""
    if now.tzinfo is None:
        # astimezone() would take it for the server's local time without a word.
        raise ValueError("now must be an aware datetime")
    today = now.astimezone(time_zone).date()
    match cadence:
        case Cadence.DAY:
            first, after = today, today + timedelta(days=1)
        case Cadence.WEEK:
            first = today - timedelta(days=today.weekday())
            after = first + timedelta(days=7)
        case Cadence.MONTH:
            first = today.replace(day=1)
            after = (first + timedelta(days=32)).replace(day=1)
        case Cadence.QUARTER:
            first = today.replace(month=today.month - (today.month - 1) % 3, day=1)
            after = (first + timedelta(days=95)).replace(day=1)
    return Period(first, midnight(first, time_zone), midnight(after, time_zone))


def midnight(day: date, time_zone: ZoneInfo) -> datetime:
    """The instant a local day begins. Local date first, UTC second: adding 24 h is wrong across DST."""
    return datetime(day.year, day.month, day.day, tzinfo=time_zone).astimezone(UTC)
