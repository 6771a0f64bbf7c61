"""
What budgets spent on each local day and in each local hour of the day: what a forecast learns from.

The database adds up, so that a day of a budget is one row, however many charges it has.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Integer, cast, extract, func
from sqlmodel import Session, col, select

from bot.domain.money import ZERO, Micros
from bot.domain.periods import midnight
from bot.domain.policy import Basis
from store import ledger
from store.batches import batches
from store.tables import ChargeRow

DAY, HOUR = 86_400, 3_600  # seconds
EPOCH = date(1970, 1, 1)


def daily(
    tx: Session,
    budgets: Collection[str],
    first: date,
    until: datetime,
    zone: ZoneInfo,
    basis: Basis,
) -> dict[str, list[Micros]]:
    """
    Each budget's own charges of every complete local day: from `first` to before that of `until`.

    In micro-dollars; zero where nothing was spent. A charge of several hours counts on the day it
    begins. No days at all where `first` is not before the day of `until`.
    """
    count = _complete_days(first, until, zone)
    spent = {budget: [ZERO] * count for budget in budgets}
    begin = (first - EPOCH).days
    for budget, day, amount in _sums(tx, budgets, first, until, zone, basis, _local_day):
        spent[budget][day - begin] = Micros(spent[budget][day - begin] + amount)
    return spent


def by_hour(
    tx: Session,
    budgets: Collection[str],
    first: date,
    until: datetime,
    zone: ZoneInfo,
    basis: Basis,
) -> dict[str, list[Micros]]:
    """
    The same charges by the local hour they begin in: 24 sums in micro-dollars, midnight first.

    Only charges of an hour or less: one of a day, compacted or imported, says nothing about hours.
    Today is left out, or its mornings would count once more than its evenings.
    """
    spent = {budget: [ZERO] * 24 for budget in budgets}
    for budget, hour, amount in _sums(tx, budgets, first, until, zone, basis, _local_hour):
        spent[budget][hour] = Micros(spent[budget][hour] + amount)
    return spent


def hourly(
    tx: Session, budgets: Collection[str], first: datetime, until: datetime, basis: Basis
) -> dict[str, list[Micros]]:
    """
    Each budget's own charges by full hour of UTC, from that of `first` to that which holds `until`.

    Zero where nothing was spent; a charge counts in the hour it begins, and none that is longer.
    """
    begin, end = (int(moment.timestamp()) // HOUR for moment in (first, until))
    spent = {budget: [ZERO] * (end - begin + 1) for budget in budgets}
    amount = ChargeRow.net if basis is Basis.NET else ChargeRow.list
    starts = _seconds(tx, ChargeRow.starts_at)
    for some in batches(budgets):
        query = (
            select(ChargeRow.budget, (starts // HOUR).label("hour"), func.sum(amount))
            .where(
                col(ChargeRow.budget).in_(some or []),
                col(ChargeRow.starts_at) >= datetime.fromtimestamp(begin * HOUR, UTC),
                col(ChargeRow.starts_at) < until,
                _seconds(tx, ChargeRow.ends_at) - starts <= HOUR,
            )
            .group_by(col(ChargeRow.budget), "hour")
        )
        for budget, hour, total in tx.execute(query):
            spent[budget][int(hour) - begin] = Micros(int(total))
    return spent


def today(
    tx: Session, budgets: Collection[str], until: datetime, zone: ZoneInfo, basis: Basis
) -> dict[str, Micros]:
    """Each budget's own charges that begin on the local day of `until`, before that moment."""
    spent = ledger.spend(tx, _midnight_of(until, zone), until, basis, budgets)
    return {budget: spent.get(budget, ZERO) for budget in budgets}


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time in which local clocks keep the same distance from UTC."""

    starts_at: datetime
    ends_at: datetime
    offset: int  # seconds


def _stretches(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> Iterator[_Stretch]:
    """One, and one more for each time the clocks are changed meanwhile."""
    begin = at = starts_at
    while at < ends_at:
        after = min(at + timedelta(seconds=DAY), ends_at)
        if _offset(after, zone) != _offset(at, zone):
            changed = _change(at, after, zone)
            yield _Stretch(begin, changed, _offset(begin, zone))
            begin = after = changed
        at = after
    if begin < ends_at:
        yield _Stretch(begin, ends_at, _offset(begin, zone))


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second from which the offset of `after` holds."""
    old = _offset(before, zone)
    while (seconds := (after - before) // timedelta(seconds=1)) > 1:
        middle = before + timedelta(seconds=seconds // 2)
        before, after = (middle, after) if _offset(middle, zone) == old else (before, middle)
    return after


def _offset(at: datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)


def _sums(
    tx: Session,
    budgets: Collection[str],
    first: date,
    until: datetime,
    zone: ZoneInfo,
    basis: Basis,
    group: Any,
) -> Iterator[tuple[str, int, int]]:
    """Budget, number of the local day or hour, amount; twice where the clocks change within it."""
    begin, end = midnight(first, zone), _midnight_of(until, zone)
    amount = ChargeRow.net if basis is Basis.NET else ChargeRow.list
    for stretch in _stretches(begin, end, zone):
        number, counted = group(tx, stretch.offset)
        for some in batches(budgets):
            query = (
                select(ChargeRow.budget, number.label("local"), func.sum(amount))
                .where(
                    col(ChargeRow.budget).in_(some or []),
                    col(ChargeRow.starts_at) >= stretch.starts_at,
                    col(ChargeRow.starts_at) < stretch.ends_at,
                    *counted,
                )
                # By name: PostgreSQL takes the same expression with parameters for another one.
                .group_by(col(ChargeRow.budget), "local")
            )
            for budget, local, total in tx.execute(query):
                yield budget, int(local), int(total)


def _local_day(tx: Session, offset: int) -> tuple[ColumnElement[int], tuple[Any, ...]]:
    """Days since 1970, and which charges count: all."""
    return (_seconds(tx, ChargeRow.starts_at) + offset) // DAY, ()


def _local_hour(tx: Session, offset: int) -> tuple[ColumnElement[int], tuple[Any, ...]]:
    """The hour of the day, and which charges count: none that is longer."""
    starts, ends = _seconds(tx, ChargeRow.starts_at), _seconds(tx, ChargeRow.ends_at)
    return (starts + offset) % DAY // HOUR, (ends - starts <= HOUR, ~col(ChargeRow.compacted))


def _seconds(tx: Session, moment: Any) -> ColumnElement[int]:
    """Whole seconds since 1970. SQLite would round the last millisecond of a day into the next."""
    if tx.get_bind().dialect.name == "sqlite":
        return cast(func.strftime("%s", func.substr(col(moment), 1, 19)), Integer)
    return cast(func.floor(extract("epoch", col(moment))), BigInteger)


def _complete_days(first: date, until: datetime, zone: ZoneInfo) -> int:
    return max(0, (until.astimezone(zone).date() - first).days)


def _midnight_of(moment: datetime, zone: ZoneInfo) -> datetime:
    return midnight(moment.astimezone(UTC).astimezone(zone).date(), zone)
