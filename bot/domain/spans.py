"""Spans of time as people write them (`8h`, `14d`, `3 working days`), and the working calendar."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PLAIN = re.compile(r"(\d{1,6})\s*([smhd])")
_WORKING = re.compile(r"(\d{1,4})\s*working\s+days?")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: `plain`, plus days on which the team works."""

    plain: timedelta = timedelta()
    working_days: int = 0

    def __str__(self) -> str:
        if self.working_days:
            return f"{self.working_days} working day{'s' * (self.working_days != 1)}"
        seconds = int(self.plain.total_seconds())
        for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
            if seconds and seconds % size == 0:
                return f"{seconds // size}{unit}"
        return f"{seconds}s"


def parse_span(text: str) -> Span:
    """`2s`, `1m`, `8h`, `14d` or `3 working days`; more than nothing."""
    text = text.strip().lower()
    if (match := _PLAIN.fullmatch(text)) and int(match[1]) > 0:
        return Span(plain=timedelta(**{_UNITS[match[2]]: int(match[1])}))
    if (match := _WORKING.fullmatch(text)) and int(match[1]) > 0:
        return Span(working_days=int(match[1]))
    raise ValueError(f"{text!r} is not a duration; write it like 1m, 8h, 14d or 3 working days")


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """From `opens` up to, but not including, `closes`; 00:00 as the end is midnight."""

    opens: time = time(9)
    closes: time = time(18)

    def __contains__(self, moment: time) -> bool:
        return self.opens <= moment and (self.closes == time() or moment < self.closes)

    @property
    def length(self) -> timedelta:
        minutes = [moment.hour * 60 + moment.minute for moment in (self.opens, self.closes)]
        return timedelta(minutes=(minutes[1] or 24 * 60) - minutes[0])


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """On which local days a team works, and in which hours of them."""

    time_zone: ZoneInfo
    working_days: Collection[int] = frozenset({0, 1, 2, 3, 4})  # Monday is 0
    holidays: Collection[date] = field(default_factory=frozenset)
    hours: WorkingHours = WorkingHours()

    def is_working(self, day: date) -> bool:
        return day.weekday() in self.working_days and day not in self.holidays

    def after(self, now: datetime, span: Span) -> datetime:
        """
        The moment `span` after `now`.

        Working days keep the local time of day and skip the others: one working day after Friday
        09:00 is Monday 09:00, whatever the clocks do in between.
        """
        if not span.working_days:
            return now.astimezone(UTC) + span.plain  # a local clock would add 25 hours in autumn
        local = now.astimezone(self.time_zone)
        day, left = local.date(), span.working_days
        while left:
            day += timedelta(days=1)
            left -= self.is_working(day)
        return self.at(day, local.time())

    def days_of_work(self, start: datetime, end: datetime) -> float:
        """How many working days lie between two moments; half of one counts as half."""
        day, last = start.astimezone(self.time_zone).date(), end.astimezone(self.time_zone).date()
        total = 0.0
        while day <= last:
            following = day + timedelta(days=1)
            if self.is_working(day):
                begins, ends = self.at(day, time()), self.at(following, time())
                part = min(ends, end) - max(begins, start)
                total += max(timedelta(), part) / (ends - begins)
            day = following
        return total

    def next_working(self, moment: datetime) -> datetime:
        """The moment itself in working hours; otherwise when the next ones begin."""
        local = moment.astimezone(self.time_zone)
        day = local.date()
        if self.is_working(day):
            if local.time() in self.hours:
                return moment.astimezone(UTC)
            if local.time() < self.hours.opens:
                return self.at(day, self.hours.opens)
        day += timedelta(days=1)
        while not self.is_working(day):
            day += timedelta(days=1)
        return self.at(day, self.hours.opens)

    def at(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment.replace(tzinfo=None), self.time_zone).astimezone(UTC)
