"""A plain CSV of usage: its columns are named like our fields, or mapped to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from bot.clients.usage.focus_cells import (
    HOUR,
    BadCell,
    Cells,
    count,
    day_of,
    hour_of,
    moment,
    money,
)
from bot.clients.usage.focus_charges import Used
from bot.domain.errors import UserError
from bot.domain.periods import midnight
from bot.domain.usage import Actor, Tokens

NEEDED = ("at", "cost_usd")
TOKENS = (
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
    "output_tokens",
)
WORDS = ("workspace", "api_key", "actor", "model", "product", "team", "tier")
FIELDS = (*NEEDED, "list_usd", *WORDS, "requests", *TOKENS)
TAG = "tag:"


def parse_map(pairs: Sequence[str]) -> dict[str, str]:
    """`at=timestamp,cost_usd=amount`, once or several times: our field, then its column."""
    found: dict[str, str] = {}
    for pair in (part.strip() for pairs_ in pairs for part in pairs_.split(",")):
        field, equals, column = (word.strip() for word in pair.partition("="))
        if not (field and equals and column):
            raise UserError(f"--map {pair!r}: write field=column, like at=timestamp", "map")
        if field not in FIELDS and not (field.startswith(TAG) and field != TAG):
            near = get_close_matches(field, FIELDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FIELDS)}, tag:*"
            raise UserError(f"--map: there is no field {field!r}; {hint}", "map")
        if field in found:
            raise UserError(f"--map: {field} is mapped twice", "map")
        found[field] = column
    return found


def columns_of(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Which column each field is read from: what is mapped, else the column of the same name."""
    own = {name: name for name in header if name in FIELDS or name.startswith(TAG)}
    return {**own, **mapping}


def misspelt(header: Sequence[str], columns: Mapping[str, str]) -> tuple[str, str] | None:
    """
    A column that is not read, and the field that it nearly names and no other column gives.

    Passed over, its dollars would land where no rule finds them.
    """
    missing = [field for field in FIELDS if field not in columns]
    for column in header:
        if column not in columns.values() and not column.startswith(TAG):
            near = get_close_matches(column.strip().lower(), missing, n=1, cutoff=0.8)
            if near:
                return column, near[0]
    return None


def read(cells: Cells, columns: Mapping[str, str], zone: ZoneInfo) -> Used:
    """A time with no zone of its own is on the organization's clocks; a day lasts a day there."""
    at = columns["at"]
    starts_at, ends_at = _period(cells, at, zone)
    net = money(cells, columns["cost_usd"])
    if net is None:
        raise BadCell(columns["cost_usd"], "is empty")
    gross = money(cells, columns["list_usd"]) if "list_usd" in columns else None
    word = {field: cells.get(columns[field]) for field in WORDS if field in columns}
    tags = {
        field.removeprefix(TAG): cells[column]
        for field, column in columns.items()
        if field.startswith(TAG) and column in cells
    }
    return Used(
        starts_at=starts_at,
        ends_at=ends_at,
        net=net,
        list=net if gross is None else gross,
        workspace_id=word.get("workspace"),
        api_key_id=word.get("api_key"),
        actor=_actor(word.get("actor")),
        model=word.get("model"),
        product=word.get("product"),
        service_tier=word.get("tier"),
        team=word.get("team"),
        tags=tuple(sorted(tags.items())),
        tokens=Tokens(*(count(cells, columns[f]) if f in columns else 0 for f in TOKENS)),
        requests=count(cells, columns["requests"]) if "requests" in columns else 0,
    )


def _period(cells: Cells, column: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    at = moment(cells, column, zone)
    day = day_of(cells[column])
    if day is not None:
        return midnight(day, zone), midnight(day + timedelta(days=1), zone)
    starts_at = hour_of(at, zone)
    return starts_at, starts_at + HOUR


def _actor(who: str | None) -> Actor | None:
    return Actor("user", who, email=who if "@" in who else None) if who else None
