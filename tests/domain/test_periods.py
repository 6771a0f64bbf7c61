"""Periods: local calendar, UTC instants, no gap and no overlap."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.periods import Cadence, Period, midnight, period_at
from tests.domain.values import NEW_YORK, NOW

# DST at 2:00, at midnight (both ways), half-hour zones, far from UTC, no DST.
ZONES = [
    "America/New_York",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "UTC",
]


def test_a_month_is_local_and_dst_safe() -> None:
    """November in New York starts in EDT and ends in EST: 30 days and one hour."""
    november = period_at(NOW, Cadence.MONTH, NEW_YORK)

    assert (
        Period(
            date(2026, 11, 1),
            datetime(2026, 11, 1, 4, tzinfo=UTC),
            datetime(2026, 12, 1, 5, tzinfo=UTC),
        )
        == november
    )
    assert timedelta(days=30, hours=1) == november.ends_at - november.starts_at


@pytest.mark.parametrize(
    ("cadence", "first", "after"),
    [
        (Cadence.DAY, date(2026, 11, 23), date(2026, 11, 24)),
        (Cadence.WEEK, date(2026, 11, 23), date(2026, 11, 30)),
        (Cadence.MONTH, date(2026, 11, 1), date(2026, 12, 1)),
        (Cadence.QUARTER, date(2026, 10, 1), date(2027, 1, 1)),
    ],
)
def test_each_cadence_begins_where_the_calendar_says(
    cadence: Cadence, first: date, after: date
) -> None:
    """Weeks begin on Monday, quarters in January, April, July and October."""
    period = period_at(NOW, cadence, NEW_YORK)

    assert (first, midnight(first, NEW_YORK)) == (period.first_day, period.starts_at)
    assert midnight(after, NEW_YORK) == period.ends_at


@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_belongs_to_its_quarter(month: int) -> None:
    """The quarter of a month begins with its first month, and the year's last ends with the year."""
    quarter = period_at(datetime(2026, month, 15, 12, tzinfo=UTC), Cadence.QUARTER, NEW_YORK)
    first = 3 * ((month - 1) // 3) + 1
    after = date(2026 + first // 10, (first + 3) % 12, 1)

    assert date(2026, first, 1) == quarter.first_day
    assert midnight(after, NEW_YORK) == quarter.ends_at


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cadence", Cadence)
def test_every_hour_of_a_year_is_in_exactly_one_period(zone: str, cadence: Cadence) -> None:
    """Walking through 2026 hour by hour, each period begins where the one before it ended."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    period = period_at(now, cadence, ZoneInfo(zone))

    for _ in range(365 * 24):
        now += timedelta(hours=1)
        current = period_at(now, cadence, ZoneInfo(zone))
        assert current.starts_at <= now < current.ends_at
        assert current == period or current.starts_at == period.ends_at
        period = current


@given(
    st.timedeltas(timedelta(days=-13_000), timedelta(days=23_000)).map(lambda ago: NOW + ago),
    st.sampled_from(Cadence),
    st.sampled_from(ZONES),
)
def test_a_period_holds_its_own_moments(now: datetime, cadence: Cadence, zone: str) -> None:
    """A period's bounds lie in it and in the next one: half-open."""
    period = period_at(now, cadence, ZoneInfo(zone))

    assert period.starts_at <= now < period.ends_at
    assert period == period_at(period.starts_at, cadence, ZoneInfo(zone))
    assert period == period_at(period.ends_at - timedelta(microseconds=1), cadence, ZoneInfo(zone))
    assert period.ends_at == period_at(period.ends_at, cadence, ZoneInfo(zone)).starts_at


def test_a_day_that_a_zone_left_out_is_in_no_period() -> None:
    """Samoa had no 30 December 2011: the 29th is followed by the 31st without a gap."""
    apia = ZoneInfo("Pacific/Apia")
    before = period_at(datetime(2011, 12, 30, 9, tzinfo=UTC), Cadence.DAY, apia)
    after = period_at(datetime(2011, 12, 30, 11, tzinfo=UTC), Cadence.DAY, apia)

    assert (date(2011, 12, 29), date(2011, 12, 31)) == (before.first_day, after.first_day)
    assert before.ends_at == after.starts_at


def test_nothing_is_left_after_the_end() -> None:
    """A late tick sees no time left, not a negative amount of it."""
    day = period_at(NOW, Cadence.DAY, NEW_YORK)

    assert timedelta(hours=1) == day.left(day.ends_at - timedelta(hours=1))
    assert timedelta() == day.left(day.ends_at + timedelta(hours=1))


def test_a_naive_now_is_refused() -> None:
    """A datetime without a zone would be read as the server's local time."""
    with pytest.raises(ValueError, match="aware"):
        period_at(datetime(2026, 11, 23), Cadence.DAY, NEW_YORK)  # noqa: DTZ001
