"""
Charges as the rows of their table: tuples, because a poll compares tens of thousands.

What makes two charges the same is every column but the row's own number.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy import insert as sql_insert
from sqlmodel import Session, select

from bot.domain.attribution import Charge
from bot.domain.money import Micros
from bot.domain.usage import Actor, Tokens, UsageRow, Window
from store.batches import pieces
from store.tables import ChargeRow

Values = tuple[Any, ...]

_TABLE = ChargeRow.__table__  # type: ignore[attr-defined]
_COLUMNS = (
    "source",
    "budget",
    "starts_at",
    "ends_at",
    "workspace_id",
    "api_key_id",
    "actor_kind",
    "actor_id",
    "actor_email",
    "actor_name",
    "model",
    "product",
    "net",
    "list",
    "uncached_input",
    "cache_read",
    "cache_creation_5m",
    "cache_creation_1h",
    "output",
    "requests",
    "service_tier",
    "team",
    "tags",
    "estimated",
    "row_id",
    "compacted",
)
_BUDGET = _COLUMNS.index("budget")
_TAGS = _COLUMNS.index("tags")
_TOKENS = ("uncached_input", "cache_read", "cache_creation_5m", "cache_creation_1h", "output")
_SUMMED = tuple(_COLUMNS.index(name) for name in ("net", "list", *_TOKENS, "requests"))
_OF_A_DAY = {name: _COLUMNS.index(name) for name in ("starts_at", "ends_at", "row_id", "compacted")}
_AT_ONCE = 5_000


def values_of(source: str, charge: Charge) -> Values:
    row, actor, tokens = charge.row, charge.row.actor, charge.row.tokens
    return (
        source,
        charge.budget,
        row.starts_at,
        row.ends_at,
        row.workspace_id,
        row.api_key_id,
        actor.kind if actor else None,
        actor.id if actor else None,
        actor.email if actor else None,
        actor.name if actor else None,
        row.model,
        row.product,
        charge.net,
        charge.list,
        tokens.uncached_input,
        tokens.cache_read,
        tokens.cache_creation_5m,
        tokens.cache_creation_1h,
        tokens.output,
        row.requests,
        row.service_tier,
        row.team,
        row.tags or None,
        row.estimated,
        row.row_id,
        False,
    )


def budget_of(values: Values) -> str:
    return str(values[_BUDGET])


def ends_at_of(values: Values) -> datetime:
    ends_at: datetime = values[_OF_A_DAY["ends_at"]]
    return ends_at


def of_row(values: Values) -> Values:
    """What the shares of one usage row have in common: everything but budget and amounts."""
    common = _without_amounts(values)
    common[_BUDGET] = None
    common[_OF_A_DAY["compacted"]] = False
    return tuple(common)


def usage_row(values: Values) -> UsageRow:
    """The usage row that a charge of all of it is made of."""
    row = dict(zip(_COLUMNS, values, strict=True))
    kind = row["actor_kind"]
    return UsageRow(
        source=row["source"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        workspace_id=row["workspace_id"],
        api_key_id=row["api_key_id"],
        actor=Actor(kind, row["actor_id"], row["actor_email"], row["actor_name"]) if kind else None,
        model=row["model"],
        product=row["product"],
        net=Micros(row["net"]),
        list=Micros(row["list"]),
        tokens=Tokens(*(row[name] for name in _TOKENS)),
        requests=row["requests"],
        service_tier=row["service_tier"],
        team=row["team"],
        tags=row["tags"] or (),
        row_id=row["row_id"],
        estimated=row["estimated"],
    )


def of_day(values: Values, day: Window) -> Values:
    """What the charges have in common that become one: the day, and every dimension."""
    common = _without_amounts(values)
    common[_OF_A_DAY["starts_at"]] = day.starts_at
    common[_OF_A_DAY["ends_at"]] = day.ends_at
    common[_OF_A_DAY["row_id"]] = None
    common[_OF_A_DAY["compacted"]] = True
    return tuple(common)


def _without_amounts(values: Values) -> list[Any]:
    common = list(values)
    for index in _SUMMED:
        common[index] = 0
    return common


def summed(common: Values, members: Sequence[Values]) -> Values:
    """The one charge that several with these dimensions become."""
    total = list(common)
    for index in _SUMMED:
        total[index] = sum(values[index] for values in members)
    return tuple(total)


def read(tx: Session, source: str, window: Window) -> Iterator[tuple[int, Values]]:
    """What the ledger holds of a window, with the number of each row."""
    columns = [_TABLE.c[name] for name in _COLUMNS]
    query = select(_TABLE.c.id, *columns).where(
        _TABLE.c.source == source,
        _TABLE.c.starts_at >= window.starts_at,
        _TABLE.c.starts_at < window.ends_at,
    )
    for id_, *values in tx.connection().execute(query):
        tags = values[_TAGS]
        values[_TAGS] = tuple(sorted(tags.items())) if tags else None
        yield id_, tuple(values)


def insert(tx: Session, rows: Sequence[Values]) -> None:
    """By the connection: the session would look at every row once more."""
    for some in pieces(rows):
        tx.connection().execute(sql_insert(_TABLE), [_named(values) for values in some])


def remove(tx: Session, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        tx.connection().execute(delete(_TABLE).where(_TABLE.c.id.in_(some)))


def _named(values: Values) -> dict[str, Any]:
    row = dict(zip(_COLUMNS, values, strict=True))
    row["tags"] = dict(row["tags"]) if row["tags"] else None
    return row
