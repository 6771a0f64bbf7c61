"""What the older cost report says was billed, and the rates that are learned from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

from bot.clients.usage.bill_lines import Line, divide_lines, list_cells, read_lines
from bot.clients.usage.billed_rates import LEARNED_FROM, RATES_FOR
from bot.clients.usage.estimates import GROUPS, Key, Used, sum_results
from bot.clients.usage.extra import Extra
from bot.clients.usage.older_reports import COST_REPORT, USAGE_REPORT, check_bucket, read_buckets
from bot.clients.usage.patience import Patience
from bot.clients.usage.transport import Transport
from bot.clients.usage.usage_report_answers import BucketPage, CostBucketPage
from bot.clients.usage.windows import DAY, ceil_moment, earliest_hour, floor_moment
from bot.domain.effective_rates import (
    SEARCHES,
    Billed,
    EffectiveRates,
    learn_rates,
    list_cost,
)
from bot.domain.money import Micros
from bot.domain.usage import Tokens, Window

_COSTS_FOR = timedelta(minutes=10)  # the report changes by the day, and calls are counted
_LONGEST_KEPT = timedelta(days=31)
_PATIENCE = 5.0  # seconds; what is estimated waits for it
_COST_GROUPS = ("workspace_id", "description")
_USAGE_GROUPS = tuple(group for group in GROUPS if group != "api_key_id")
Days = Mapping[datetime, Mapping[Line, Micros]]


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines of each UTC day that is billed, and rates for those that are not."""

    days: Days = field(default_factory=dict)
    rates: EffectiveRates = field(default_factory=lambda: learn_rates(()))


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was read last, and from which days the rates were learned."""

    bill: Bill = field(default_factory=Bill)
    read: Window | None = None
    read_at: datetime | None = None
    learned_from: frozenset[datetime] = frozenset()
    learned_at: datetime | None = None

    def covers(self, asked: Window, now: datetime) -> bool:
        return (
            self.read is not None
            and self.read.starts_at <= asked.starts_at
            and self.read.ends_at == asked.ends_at
            and _is_younger(self.read_at, _COSTS_FOR, now)
        )


class BillReader:
    """Keeps what it read: costs for ten minutes, rates for six hours or until another day is billed."""

    def __init__(self, transport: Transport, source: str, patience: float) -> None:
        self._transport = transport
        self._patience = min(patience, _PATIENCE)
        self._extra = Extra(source, "the bill of the cost report")
        self._kept = _Kept()

    def read(self, window: Window, now: datetime) -> Bill:
        """
        At least the days of the window; without an answer, what was read before.

        The report has whole days and refuses a range that begins less than a day ago, so it is
        always asked for a week at least. Days of long ago are read for the moment and not kept.
        """
        today = floor_moment(now, DAY)
        first = max(floor_moment(window.starts_at, DAY), ceil_moment(earliest_hour(now), DAY))
        week = max(today - LEARNED_FROM, ceil_moment(earliest_hour(now), DAY))
        if week >= today:
            return self._kept.bill
        asked = Window(min(first, week) if today - first <= _LONGEST_KEPT else week, today)
        kept = self._kept
        if not kept.covers(asked, now):
            kept = self._extra.attempt(now, lambda: self._refresh(asked, now)) or self._kept
        if kept.read is None or first >= kept.read.starts_at:
            return kept.bill
        ends_at = min(ceil_moment(window.ends_at, DAY), kept.read.starts_at)
        older = Window(first, ends_at)
        days = self._extra.attempt(now, lambda: self._read_days(older, Patience(self._patience)))
        return Bill({**(days or {}), **kept.bill.days}, kept.bill.rates)

    def _refresh(self, asked: Window, now: datetime) -> _Kept:
        """Costs are kept even when the tokens to learn from cannot be read."""
        patience, before = Patience(self._patience), self._kept
        days = self._read_days(asked, patience)
        self._kept = replace(before, bill=Bill(days, before.bill.rates))
        recent = frozenset(day for day in days if day >= asked.ends_at - LEARNED_FROM)
        rates, learned_at = before.bill.rates, before.learned_at
        if recent != before.learned_from or not _is_younger(learned_at, RATES_FOR, now):
            rates, learned_at = learn_rates(self._learn(recent, days, patience)), now
        self._kept = _Kept(Bill(days, rates), asked, now, recent, learned_at)
        return self._kept

    def _read_days(self, window: Window, patience: Patience) -> Days:
        """A day without any line is not billed yet."""
        days: dict[datetime, Mapping[Line, Micros]] = {}
        for page in read_buckets(
            self._transport, COST_REPORT, CostBucketPage, window, DAY, _COST_GROUPS, patience
        ):
            for bucket in page.data:
                day = check_bucket(bucket, window, DAY)
                if bucket.results:
                    days[day] = read_lines(bucket.results)
        return days

    def _learn(
        self, recent: frozenset[datetime], days: Days, patience: Patience
    ) -> Iterator[Billed]:
        """What each token of the last billed days cost."""
        if not recent:
            return
        window = Window(min(recent), max(recent) + DAY)
        used: dict[datetime, dict[Key, Used]] = {}
        for page in read_buckets(
            self._transport, USAGE_REPORT, BucketPage, window, DAY, _USAGE_GROUPS, patience
        ):
            for bucket in page.data:
                day = check_bucket(bucket, window, DAY)
                sum_results(used.setdefault(day, {}), day, bucket.results)
        for day in sorted(recent):
            cells = list_cells(used.get(day, {}))
            for cell, net in divide_lines(cells, days[day]).shares.items():
                yield _billed(cell, cells[cell], net)


def _is_younger(moment: datetime | None, age: timedelta, now: datetime) -> bool:
    return moment is not None and timedelta(0) <= now - moment < age


def _billed(cell: tuple[Key, str], count: int, net: Micros) -> Billed:
    (day, dimensions), kind = cell
    key = dimensions.rate_key()
    tokens = Tokens() if kind == SEARCHES else Tokens(**{kind: count})
    listed = list_cost(key, tokens, day, count if kind == SEARCHES else 0)
    return Billed(key, kind, count, Fraction(net), Fraction(net) if listed is None else listed, day)
