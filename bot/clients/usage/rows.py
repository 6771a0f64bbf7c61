"""Joins the cost and usage reports to usage rows: equal keys are summed, then rounded once."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pydantic import JsonValue

from bot.clients.usage.answers import CostRow, Group
from bot.clients.usage.answers import UsageRow as UsageAnswer
from bot.clients.usage.counts import add_tokens, read_tokens
from bot.clients.usage.errors import SourceDataError
from bot.clients.usage.windows import HOUR, floor_moment
from bot.domain.money import micros_from_cents
from bot.domain.usage import Actor, Tokens, UsageRow, Window

# hour, workspace, key, actor kind and id, model, product: every dimension that is grouped by
Key = tuple[datetime, str | None, str | None, tuple[str, str] | None, str | None, str | None]
_IDS = {
    "user_actor": "user_id",
    "service_account_actor": "service_account_id",
    "api_actor": "api_key_id",
}


@dataclass(slots=True)
class _Joined:
    actor: Actor | None
    net: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)
    tokens: Tokens = field(default_factory=Tokens)
    cost_requests: int = 0
    usage_requests: int = 0


def join_rows(
    source: str,
    window: Window,
    costs: Iterable[CostRow],
    usages: Iterable[UsageAnswer],
    width: timedelta = HOUR,
) -> tuple[UsageRow, ...]:
    """
    One row per key: usage that cost nothing has no money, cost without usage no tokens.

    Buckets are as wide as they were asked for, rows are always of an hour.
    """
    joined: dict[Key, _Joined] = {}
    for number, cost in enumerate(costs):
        entry = _entry(joined, cost, window, f"cost row {number}", width)
        entry.net += Decimal(cost.cost.amount)
        entry.gross += Decimal(cost.cost.list_amount)
        entry.cost_requests += cost.cost.requests or 0
    for number, usage in enumerate(usages):
        entry = _entry(joined, usage, window, f"usage row {number}", width)
        entry.tokens = add_tokens(entry.tokens, read_tokens(usage.usage))
        entry.usage_requests += usage.usage.requests or 0
    return tuple(_row(source, key, joined.pop(key)) for key in sorted(joined, key=_sort_key))


def name_actor(actor: dict[str, JsonValue] | None, where: str) -> Actor | None:
    """A kind nobody knows yet is kept as it came, so that distinct identities stay distinct."""
    if actor is None:
        return None
    kind = actor.get("type")
    if not isinstance(kind, str):
        raise SourceDataError(f"{where}: group.actor.type is missing")
    if kind not in _IDS:
        rest = {name: value for name, value in actor.items() if name != "type"}
        id_: JsonValue = json.dumps(rest, sort_keys=True, separators=(",", ":"))
        if kind == "federated_actor" and isinstance(actor.get("subject"), str):
            id_ = actor["subject"]
    else:
        id_ = actor.get(_IDS[kind])
    if not isinstance(id_, str):
        raise SourceDataError(f"{where}: group.actor.{_IDS.get(kind, 'id')} is missing")
    return Actor(kind, id_, _text(actor, "email_address"), _text(actor, "name"))


def _entry(
    joined: dict[Key, _Joined],
    row: CostRow | UsageAnswer,
    window: Window,
    where: str,
    width: timedelta,
) -> _Joined:
    starts_at, ends_at = row.starting_at.astimezone(UTC), row.ending_at.astimezone(UTC)
    if not window.starts_at <= starts_at < ends_at <= window.ends_at:
        raise SourceDataError(f"{where}: starting_at {starts_at:%FT%TZ} is outside the window")
    if ends_at - starts_at != width:
        raise SourceDataError(f"{where}: ending_at {ends_at:%FT%TZ} is not that of its bucket")
    actor = name_actor(row.group.actor, where)
    hour = starts_at if width == HOUR else floor_moment(starts_at)
    key = _key(hour, row.group, actor)
    found = joined.get(key)
    if found is None:
        found = joined[key] = _Joined(actor)
    return found


def _key(hour: datetime, group: Group, actor: Actor | None) -> Key:
    who = (actor.kind, actor.id) if actor else None
    return (hour, group.workspace_id, group.api_key_id, who, group.model, group.product)


def _sort_key(key: Key) -> tuple[object, ...]:
    hour, *dimensions = key
    return (hour, [repr(value) for value in dimensions])


def _row(source: str, key: Key, entry: _Joined) -> UsageRow:
    hour, workspace_id, api_key_id, _, model, product = key
    return UsageRow(
        source=source,
        starts_at=hour,
        ends_at=hour + HOUR,
        workspace_id=workspace_id,
        api_key_id=api_key_id,
        actor=entry.actor,
        model=model,
        product=product,
        net=micros_from_cents(str(entry.net)),
        list=micros_from_cents(str(entry.gross)),
        tokens=entry.tokens,
        # both reports count the same requests
        requests=max(entry.cost_requests, entry.usage_requests),
    )


def _text(actor: dict[str, JsonValue], name: str) -> str | None:
    value = actor.get(name)
    return value if isinstance(value, str) else None
