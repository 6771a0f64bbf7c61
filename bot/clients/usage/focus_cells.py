"""Cells to values: money, times, JSON. What cannot be read says which column, and why."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal

from bot.domain.errors import BudgetBotError
from bot.domain.money import MOST_TYPED

HOUR = timedelta(hours=1)
FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_TOKENS = 10**15
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,2})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TOKENS = re.compile(r"(?P<scale>\d+|1?k|1?m|thousand|million)?\s*tokens?", re.ASCII)
_SCALES = {"k": 1000, "thousand": 1000, "m": 1_000_000, "million": 1_000_000}

Cells = Mapping[str, str]


class BadCell(BudgetBotError):  # noqa: N818 a finding about a line, told with its number
    """A cell that cannot be read."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


def required(cells: Cells, column: str) -> str:
    if column not in cells:
        raise BadCell(column, "is empty")
    return cells[column]


def number(cells: Cells, column: str) -> Decimal | None:
    """A plain decimal number; grouped ones are refused, because `1,234` has two meanings."""
    text = cells.get(column)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadCell(column, f"not a plain number: {_short(text)}")
    return Decimal(text)


def money(cells: Cells, column: str) -> Decimal | None:
    """Dollars, negative for a correction; more than anybody spends in a line is a mistake."""
    amount = number(cells, column)
    if amount is not None and abs(amount) > MOST_TYPED:
        raise BadCell(column, f"more than $1,000,000,000: {_short(cells[column])}")
    return amount


def count(cells: Cells, column: str) -> int:
    """Whole tokens or requests."""
    amount = number(cells, column) or Decimal(0)
    if abs(amount) > MOST_TOKENS:
        raise BadCell(column, f"more than anybody uses: {_short(cells[column])}")
    return int(amount.to_integral_value())


def tokens_a_unit(unit: str) -> int | None:
    """How many tokens one of the unit is; None when it is not one of tokens."""
    match = _TOKENS.fullmatch(unit.lower())
    if match is None:
        return None
    scale = match["scale"] or "1"
    return int(scale) if scale.isdigit() else _SCALES[scale.removeprefix("1")]


def moment(cells: Cells, column: str, zone: tzinfo) -> datetime:
    """An ISO 8601 time; without a zone of its own it is in `zone`."""
    text = required(cells, column)
    try:
        at = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        raise BadCell(column, f"not an ISO 8601 time: {_short(text)}") from None
    if not FIRST_YEAR < at.year < LAST_YEAR:
        raise BadCell(column, f"not a year of usage: {_short(text)}")
    at = at if at.tzinfo else at.replace(tzinfo=UTC if text.endswith(" UTC") else zone)
    return at.astimezone(UTC)


def day_of(text: str) -> date | None:
    """The date, when a cell holds only that."""
    return date.fromisoformat(text) if _DATE.fullmatch(text) else None


def hour_of(at: datetime, zone: tzinfo) -> datetime:
    """The start of the hour on the zone's clocks: some are half an hour beside UTC."""
    local = at.astimezone(zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return (at - past).astimezone(UTC)


def json_object(cells: Cells, column: str) -> dict[str, str]:
    """A JSON object of plain values, as text; what is null is left out."""
    text = cells.get(column)
    if text is None:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadCell(column, f"not a JSON object: {_short(text)}")
    words = {key: _word(item) for key, item in value.items() if item is not None}
    if not all(_can_be_stored(word) for pair in words.items() for word in pair):
        raise BadCell(column, "holds an escape that is no character")
    return words


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _can_be_stored(text: str) -> bool:
    """Databases refuse NUL and halves of a character, which JSON can escape."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
