"""Spans as people write them, and the days on which a team works."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.spans import Span, WorkCalendar, parse_span
from tests.domain.values import NEW_YORK

THANKSGIVING = date(2026, 11, 26)
CALENDAR = WorkCalendar(NEW_YORK, holidays=frozenset({THANKSGIVING}))


def local(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    """A moment on New York's clocks, or on others."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2s", Span(timedelta(seconds=2))),
        ("1m", Span(timedelta(minutes=1))),
        ("8h", Span(timedelta(hours=8))),
        ("14d", Span(timedelta(days=14))),
        (" 14 D ", Span(timedelta(days=14))),
        ("3 working days", Span(working_days=3)),
        ("1 working day", Span(working_days=1)),
    ],
)
def test_durations_are_read(text: str, span: Span) -> None:
    """Seconds, minutes, hours, days, or days on which the team works."""
    assert span == parse_span(text)


@pytest.mark.parametrize(
    "text", ["", "0m", "0 working days", "-1h", "1.5h", "8", "h", "8 hours", "1w", "1h30m", "²h"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    """The error shows how one is written."""
    with pytest.raises(ValueError, match="write it like 1m, 8h, 14d or 3 working days"):
        parse_span(text)


@given(
    st.one_of(
        st.integers(1, 999_999).map(lambda n: Span(timedelta(seconds=n))),
        st.integers(1, 9_999).map(lambda n: Span(timedelta(minutes=n))),
        st.integers(1, 9_999).map(lambda n: Span(working_days=n)),
    )
)
def test_a_span_reads_as_it_is_written(span: Span) -> None:
    """What a message says about a span is what the policy file would say."""
    assert span == parse_span(str(span))


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2026-11-20T09:00", Span(working_days=1), "2026-11-23T09:00"),  # Friday to Monday
        ("2026-11-21T09:00", Span(working_days=1), "2026-11-23T09:00"),  # Saturday too
        ("2026-11-25T16:30", Span(working_days=1), "2026-11-27T16:30"),  # over Thanksgiving
        ("2026-11-23T09:00", Span(working_days=5), "2026-12-01T09:00"),
        ("2026-10-30T09:00", Span(working_days=1), "2026-11-02T09:00"),  # the clocks go back
        ("2026-11-20T09:00", Span(timedelta(days=1)), "2026-11-21T09:00"),
        ("2026-11-20T09:00", Span(timedelta(hours=8)), "2026-11-20T17:00"),
    ],
)
def test_working_days_keep_the_local_time(start: str, span: Span, end: str) -> None:
    """Weekends and holidays are skipped, and nine o'clock stays nine o'clock."""
    assert local(end) == CALENDAR.after(local(start), span)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-11-23T12:00", "2026-11-24T12:00", 1),
        ("2026-11-21T09:00", "2026-11-22T18:00", 0),  # a weekend
        ("2026-11-21T12:31", "2026-11-23T12:00", 0.5),
        ("2026-11-25T00:00", "2026-11-28T00:00", 2),  # Thanksgiving between them
        ("2026-11-23T12:00", "2026-11-23T18:00", 0.25),
        ("2026-11-23T12:00", "2026-11-20T12:00", 0),
    ],
)
def test_working_days_between_two_moments(start: str, end: str, days: float) -> None:
    """Parts of a day count as parts, and a free day as nothing."""
    assert days == CALENDAR.days_of_work(local(start), local(end))


def test_a_plain_day_is_24_hours() -> None:
    """`1d` counts hours, so over the end of summer time it ends an hour earlier by the clock."""
    start = local("2026-10-31T12:00")

    assert local("2026-11-01T11:00") == CALENDAR.after(start, Span(timedelta(days=1)))


def test_a_week_may_be_any_days() -> None:
    """A team that works on Sundays is asked on Sundays."""
    calendar = WorkCalendar(NEW_YORK, working_days=frozenset({6}))

    assert local("2026-11-29T09:00") == calendar.after(
        local("2026-11-23T09:00"), Span(working_days=1)
    )


@given(
    st.integers(0, 365 * 24).map(lambda n: local("2026-01-01") + timedelta(hours=n)),
    st.integers(1, 30),
)
def test_that_many_working_days_lie_between(now: datetime, days: int) -> None:
    """Counting the working days passed gives the span again, and the last day is one."""
    end = CALENDAR.after(now, Span(working_days=days)).astimezone(NEW_YORK).date()
    passed = [now.date() + timedelta(days=n) for n in range(1, (end - now.date()).days + 1)]

    assert days == sum(CALENDAR.is_working(day) for day in passed)
    assert CALENDAR.is_working(end)
