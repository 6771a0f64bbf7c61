"""Usage rows, put together again from the charges they became."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.domain.money import Micros
from bot.domain.usage import Actor, Tokens, UsageRow, Window
from store.tables import ChargeRow

_NAMED = (
    "source",
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
    "service_tier",
    "team",
    "estimated",
    "row_id",
)
_SUMMED = (
    "net",
    "list",
    "uncached_input",
    "cache_read",
    "cache_creation_5m",
    "cache_creation_1h",
    "output",
    "requests",
)


def sources_between(tx: Session, starts_at: datetime, ends_at: datetime) -> list[str]:
    """Which sources have charges in an interval."""
    found = tx.exec(
        select(ChargeRow.source)
        .where(col(ChargeRow.starts_at) >= starts_at, col(ChargeRow.starts_at) < ends_at)
        .distinct()
    )
    return sorted(found)


def any_within(tx: Session, source: str, window: Window) -> bool:
    """Whether a source has a charge that begins in a window."""
    found = tx.exec(
        select(ChargeRow.id)
        .where(
            col(ChargeRow.source) == source,
            col(ChargeRow.starts_at) >= window.starts_at,
            col(ChargeRow.starts_at) < window.ends_at,
        )
        .limit(1)
    )
    return found.first() is not None


def of_window(tx: Session, source: str, window: Window) -> list[UsageRow]:
    """
    The rows of a source in a window: the shares of a row that was split are added up again.

    Shares sum to what was split to the micro-dollar, so nothing is lost or invented on the way.
    """
    rows = tx.exec(
        select(ChargeRow)
        .where(
            col(ChargeRow.source) == source,
            col(ChargeRow.starts_at) >= window.starts_at,
            col(ChargeRow.starts_at) < window.ends_at,
        )
        .order_by(col(ChargeRow.id))
    )
    merged: dict[tuple[object, ...], list[int]] = {}
    for row in rows:
        key = (*(getattr(row, name) for name in _NAMED), tuple(sorted((row.tags or {}).items())))
        amounts = [getattr(row, name) for name in _SUMMED]
        before = merged.get(key)
        merged[key] = (
            amounts if before is None else [a + b for a, b in zip(before, amounts, strict=True)]
        )
    return [_row(key, amounts) for key, amounts in merged.items()]


def _row(key: tuple[Any, ...], amounts: Sequence[int]) -> UsageRow:
    named = dict(zip(_NAMED, key, strict=False))
    net, gross, *tokens, requests = amounts
    kind = named["actor_kind"]
    actor = (
        Actor(kind, named["actor_id"], named["actor_email"], named["actor_name"]) if kind else None
    )
    return UsageRow(
        source=named["source"],
        starts_at=named["starts_at"],
        ends_at=named["ends_at"],
        workspace_id=named["workspace_id"],
        api_key_id=named["api_key_id"],
        actor=actor,
        model=named["model"],
        product=named["product"],
        net=Micros(net),
        list=Micros(gross),
        tokens=Tokens(*tokens),
        requests=requests,
        service_tier=named["service_tier"],
        team=named["team"],
        tags=key[-1],
        row_id=named["row_id"],
        estimated=named["estimated"],
    )
