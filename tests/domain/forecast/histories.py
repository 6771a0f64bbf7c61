"""Histories for tests of the forecast: spend by weekday, a calendar, and a moment."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bot.domain.forecast import Forecast, History, forecast, learn
from bot.domain.money import Micros, micros
from bot.domain.periods import Cadence, Period, midnight, period_at
from bot.domain.spans import WorkCalendar

NEW_YORK = ZoneInfo("America/New_York")
CALENDAR = WorkCalendar(NEW_YORK)
TODAY = date(2026, 11, 16)  # a Monday, in the middle of its month
OFFICE = (100, 100, 100, 100, 100, 0, 0)  # dollars, Monday first
HOURS_9_TO_17 = tuple(micros(1 if 9 <= hour < 17 else 0) for hour in range(24))


def weeks(
    days: int, week: Sequence[float] = OFFICE, until: date = TODAY, hours: Sequence[Micros] = ()
) -> History:
    """So many days before `until`, each with its weekday's dollars."""
    first = until - timedelta(days)
    return History(
        first,
        [
            Micros(round(week[(first + timedelta(day)).weekday()] * 1_000_000))
            for day in range(days)
        ],
        hours,
    )


def amounts(*dollars: float, until: date = TODAY) -> History:
    """The last days' dollars, the last one yesterday's."""
    return History(until - timedelta(len(dollars)), [Micros(round(d * 1e6)) for d in dollars])


def at(hour: int, minute: int = 0, day: date = TODAY, zone: ZoneInfo = NEW_YORK) -> datetime:
    """A local time of day as an instant."""
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    return local.astimezone(UTC)


def month(day: date = TODAY, zone: ZoneInfo = NEW_YORK) -> Period:
    """The calendar month that holds the day."""
    return period_at(midnight(day, zone), Cadence.MONTH, zone)


def outlook(
    history: History,
    today: str = "0",
    spent: str = "0",
    as_of: datetime | None = None,
    calendar: WorkCalendar = CALENDAR,
    period: Period | None = None,
) -> Forecast:
    """The forecast of the month around TODAY, made this morning unless told otherwise."""
    return forecast(
        learn(history, calendar),
        micros(today),
        micros(spent),
        period or month(),
        as_of or at(0),
    )


ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
MONEY = st.one_of(st.just(0), st.integers(-(10**9), 10**15))


@st.composite
def situations(draw: st.DrawFn) -> tuple[History, WorkCalendar, Micros, Micros, Period, datetime]:
    """Any history, calendar, spend of today and of the period, period, and moment in it."""
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    today = draw(st.dates(date(2024, 1, 1), date(2027, 12, 31)))
    second = draw(st.integers(0, 86_399))
    as_of = midnight(today, zone) + timedelta(seconds=second)
    days = draw(st.lists(MONEY, max_size=90))
    hours = draw(st.one_of(st.just([]), st.lists(MONEY, min_size=24, max_size=24)))
    holidays = draw(st.frozensets(st.integers(-70, 70), max_size=5))
    calendar = WorkCalendar(
        zone,
        draw(st.frozensets(st.integers(0, 6))),
        frozenset(today + timedelta(offset) for offset in holidays),
    )
    local = as_of.astimezone(zone).date()
    history = History(
        local - timedelta(len(days)), [Micros(d) for d in days], [Micros(h) for h in hours]
    )
    period = period_at(as_of, draw(st.sampled_from(Cadence)), zone)
    return history, calendar, Micros(draw(MONEY)), Micros(draw(MONEY)), period, as_of
