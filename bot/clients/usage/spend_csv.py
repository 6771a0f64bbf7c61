"""A CSV of spend alone: `at,cost_usd`, by the hour or by the day, to forecast from or to replay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.clients.usage.focus_cells import (
    HOUR,
    BadCell,
    Cells,
    day_of,
    hour_of,
    moment,
    money,
    required,
)
from bot.clients.usage.focus_table import BadLine, Line, Table
from bot.domain.errors import UserError
from bot.domain.money import Micros, micros
from bot.domain.periods import midnight

AT, COST = COLUMNS = ("at", "cost_usd")
DAY = timedelta(days=1)
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent in the hour or the local day that begins at `at` (UTC)."""

    at: datetime
    amount: Micros


@dataclass(frozen=True, slots=True)
class Spend:
    """In order of time, one row for each hour or day that has one; `width` is an hour or a day."""

    rows: Sequence[Spent]
    width: timedelta


@dataclass(frozen=True, slots=True)
class _Read:
    """A line: the instant, its local day when it may stand for one, and whether it must."""

    line: int
    at: datetime
    day: date | None
    only_a_date: bool
    amount: Decimal


def read_spend(path: Path, zone: ZoneInfo) -> Spend:
    """
    The spend in a file; lines of the same hour or day are added up, other columns are ignored.

    A time without a zone of its own is in `zone`, and so is a day. A file is daily when it has dates
    only, or midnights only, as many tools write days. Unlike an import a bad line refuses the whole
    file: a forecast from what is left would be wrong without a word. Raises UserError.
    """
    table = Table(path)
    try:
        _check_header(path, table.columns)
        rows, bad = _read_all(table, zone)
    finally:
        table.close()
    if bad:
        more = f"; and {len(bad) - SHOWN:,} more lines" if len(bad) > SHOWN else ""
        found = "; ".join(str(line) for line in bad[:SHOWN])
        raise UserError(f"{path}: {found}{more}; correct or remove them", "file")
    if not rows:
        raise UserError(
            f"{path}: no line with spend; it needs lines like 2026-11-02,410.50", "file"
        )
    return _summed(path, rows, zone)


def _check_header(path: Path, columns: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in columns]
    if not missing:
        return
    near = get_close_matches(missing[0], columns, n=1)
    hint = f" (nearest: {near[0]})" if near else ""
    raise UserError(
        f"{path}: no column {missing[0]}{hint}; the first line has to name at and cost_usd", "file"
    )


def _read_all(table: Table, zone: ZoneInfo) -> tuple[list[_Read], list[BadLine]]:
    rows: list[_Read] = []
    bad: list[BadLine] = []
    for line in table.lines():
        if isinstance(line, BadLine):
            bad.append(line)
            continue
        try:
            rows.append(_read(line, zone))
        except BadCell as error:
            bad.append(BadLine(line.number, error.column, error.reason))
    return rows, bad


def _read(line: Line, zone: ZoneInfo) -> _Read:
    cells: Cells = line.cells
    text = required(cells, AT)
    at = moment(cells, AT, zone)
    amount = money(cells, COST)
    if amount is None:
        raise BadCell(COST, "is empty")
    only_a_date = day_of(text) is not None
    written = datetime.fromisoformat(text.removesuffix(" UTC"))
    day = written.date() if written.time() == time() else None
    return _Read(line.number, at, day, only_a_date, amount)


def _summed(path: Path, rows: Sequence[_Read], zone: ZoneInfo) -> Spend:
    days = {row.day for row in rows}
    daily = None not in days and (rows[0].only_a_date or len(days) > 1)
    if not daily and (dates := [row.line for row in rows if row.only_a_date]):
        raise UserError(
            f"{path}: line {dates[0]}: a day in a file of hours; write it all in hours, or in days",
            "file",
        )
    sums: dict[datetime, Decimal] = defaultdict(Decimal)
    for row in rows:
        begins = midnight(row.day, zone) if daily and row.day else hour_of(row.at, zone)
        sums[begins] += row.amount
    return Spend(_ordered(sums), DAY if daily else HOUR)


def _ordered(sums: Mapping[datetime, Decimal]) -> tuple[Spent, ...]:
    return tuple(Spent(at, micros(sums[at])) for at in sorted(sums))
