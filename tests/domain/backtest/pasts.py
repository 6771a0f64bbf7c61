"""Pasts for tests of the backtest: days or hours of spend around a month that overruns, or not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bot.domain.backtest import Series, Walk, walk
from bot.domain.budgets import Budget
from bot.domain.money import Micros, micros
from bot.domain.periods import Cadence, Period, midnight, period_at
from bot.domain.spans import Span, WorkCalendar
from tests.domain.values import BUDGET, DAY, HOUR, NEW_YORK

CALENDAR = WorkCalendar(NEW_YORK)
FIRST = date(2026, 8, 1)
SEARCH = replace(BUDGET, lead_time=Span(timedelta(days=5)))


def days(*amounts: int, first: date = FIRST, zone: ZoneInfo = NEW_YORK) -> Series:
    """Dollars of local days in a row."""
    rows = [(midnight(first + n * DAY, zone), micros(a)) for n, a in enumerate(amounts)]
    return Series(rows, DAY, zone)


def hours(amounts: Sequence[int], first: date = FIRST, zone: ZoneInfo = NEW_YORK) -> Series:
    """Micro-dollars of hours in a row."""
    start = midnight(first, zone)
    return Series([(start + n * HOUR, Micros(a)) for n, a in enumerate(amounts)], HOUR, zone)


def month(number: int, year: int = 2026, zone: ZoneInfo = NEW_YORK) -> Period:
    """A calendar month."""
    return period_at(midnight(date(year, number, 1), zone), Cadence.MONTH, zone)


def walked(series: Series, number: int, limit: int) -> Walk:
    """A month of 2026 against a limit in dollars."""
    return walk(series, month(number), micros(limit), CALENDAR)


@st.composite
def hourly(draw: st.DrawFn) -> tuple[list[int], int, int, Budget]:
    """Two months of hours by level and bursts, a limit, an hour to cut at, and a budget."""
    level = draw(st.integers(0, 5_000_000))
    amounts = [level * (n % 24 > 7) for n in range(61 * 24 + 24)]
    for at, size in draw(
        st.lists(
            st.tuples(st.integers(0, len(amounts) - 1), st.integers(-(10**6), 10**9)), max_size=6
        )
    ):
        amounts[at] += size
    limit = draw(st.integers(1, 4 * 10**9))
    cut = draw(st.integers(31 * 24, len(amounts) - 1))
    lead = draw(st.sampled_from([Span(5 * DAY), Span(working_days=3), Span(8 * HOUR)]))
    return amounts, limit, cut, replace(BUDGET, lead_time=lead)
