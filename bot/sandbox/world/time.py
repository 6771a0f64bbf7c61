"""The demo's time: where it begins, how fast it runs, how far a button moves it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
# A Monday morning at the beginning of a month, with a week of use before it.
STARTS_AT = datetime(2026, 11, 2, 9, tzinfo=ZONE).astimezone(UTC)
OPENS_AT = STARTS_AT - timedelta(minutes=5)  # the bot has read the figures when the digest is due
KNOWN_SINCE = STARTS_AT - timedelta(days=7)  # what the first digest is about
SPEED = 60.0  # a minute of the demo in each second
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
MORNING = time(9)
LONG, QUARTER = timedelta(hours=30), timedelta(hours=6)


def target(jump: str, now: datetime) -> datetime | None:
    """Where a button leads; None for a word no button has. The clock on the wall counts, not 24 h."""
    local = now.astimezone(ZONE)
    match jump:
        case "hour":
            return now + HOUR
        case "day":
            return (local + DAY).astimezone(UTC)
        case "monday":
            day = local.date() + timedelta(days=(7 - local.weekday()) % 7)
            monday = datetime.combine(day, MORNING, ZONE)
            return (monday if monday > local else monday + WEEK).astimezone(UTC)
        case _:
            return None


def next_stop(now: datetime, end: datetime) -> datetime:
    """Time is moved in steps, so that everybody acts when it is time: hours, or quarters of a day."""
    step = HOUR if end - now <= LONG else QUARTER
    local = now.astimezone(ZONE)
    gone = (local - local.replace(hour=0, minute=0, second=0, microsecond=0)) % step
    return min(now + step - gone, end)
