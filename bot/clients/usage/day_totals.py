"""What a source itself says that a UTC day cost, to compare our own sums with."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

from bot.clients.usage.analytics import read_report, refreshes
from bot.clients.usage.errors import SourceDataError
from bot.clients.usage.older_reports import COST_REPORT, check_bucket, read_buckets
from bot.clients.usage.patience import Patience
from bot.clients.usage.sku_answers import TotalPage
from bot.clients.usage.transport import Transport
from bot.clients.usage.usage_report_answers import CostTotalPage
from bot.clients.usage.windows import DAY, split_window, whole_days
from bot.domain.money import Micros, micros_from_cents
from bot.domain.usage import DayTotal, Window


def read_analytics_totals(
    transport: Transport, window: Window, now: datetime, patience: Patience
) -> tuple[DayTotal, ...]:
    """Net and list of every whole day up to the last refresh; a day without spend is 0."""
    days = whole_days(window, now)
    if days is None:
        return ()
    net: dict[datetime, Decimal] = defaultdict(Decimal)
    gross: dict[datetime, Decimal] = defaultdict(Decimal)
    refreshed: list[datetime] = []
    for part in split_window(days):
        for page in read_report(transport, "cost", TotalPage, part, DAY, (), patience):
            refreshed += refreshes(page)
            for row in page.data:
                day = row.starting_at.astimezone(UTC)
                if not part.starts_at <= day < part.ends_at or row.ending_at - day != DAY:
                    raise SourceDataError(f"a total of {day:%FT%TZ} was not asked for")
                net[day] += Decimal(row.cost.amount)
                gross[day] += Decimal(row.cost.list_amount)
    known_until = min(refreshed, default=days.ends_at)
    totals: list[DayTotal] = []
    day = days.starts_at
    while day + DAY <= min(days.ends_at, known_until):
        totals.append(DayTotal(day.date(), _micros(net[day]), _micros(gross[day])))
        day += DAY
    return tuple(totals)


def read_cost_report_totals(
    transport: Transport, window: Window, now: datetime, patience: Patience
) -> tuple[DayTotal, ...]:
    """
    Net of every whole day that the report has an amount for, which stands for list too.

    Priority Tier is not in this report. A day without an amount may just not be billed yet.
    """
    days = whole_days(window, now)
    if days is None:
        return ()
    totals: list[DayTotal] = []
    for page in read_buckets(transport, COST_REPORT, CostTotalPage, days, DAY, (), patience):
        for bucket in page.data:
            day = check_bucket(bucket, days, DAY)
            if bucket.results:
                cents = sum((Decimal(result.amount) for result in bucket.results), Decimal(0))
                totals.append(DayTotal(day.date(), _micros(cents), _micros(cents)))
    return tuple(totals)


def _micros(cents: Decimal) -> Micros:
    return micros_from_cents(str(cents))
