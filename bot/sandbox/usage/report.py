"""Adds spend events up to the rows of a report, exactly."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.sandbox.usage.dimensions import FAN_OUT, TOKEN_TYPES, Report
from bot.sandbox.usage.events import (
    SpendEvent,
    describe_actor,
    passes,
    read_dimension,
    split_cost,
    spread_groups,
)
from bot.sandbox.usage.organization import Organization, format_time
from bot.sandbox.usage.query import Query

_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_Amounts = dict[tuple[str, str | None], list[Decimal]]
_Key = tuple[datetime, tuple[str | None, ...]]


@dataclass(slots=True)
class _Sum:
    """Everything of one combination of dimensions in one bucket."""

    starts_at: datetime
    ends_at: datetime
    values: dict[str, str | None]
    net: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)
    requests: int = 0
    web_searches: int = 0
    counts: list[int] = field(default_factory=lambda: [0] * len(TOKEN_TYPES))
    components: _Amounts = field(default_factory=dict)

    def add(self, event: SpendEvent) -> None:
        self.net += event.cents or 0
        self.gross += event.list_cents or 0
        self.requests += event.requests
        self.web_searches += event.web_searches
        self.counts = [a + b for a, b in zip(self.counts, event.token_counts(), strict=True)]

    def add_components(self, event: SpendEvent, by_token: bool) -> None:
        net, gross = event.cents or Decimal(0), event.list_cents or Decimal(0)
        if not (by_token and event.cost_type == "tokens"):
            self._add_component((event.cost_type, None), net, gross)
            return
        gross_parts = split_cost(gross, event)
        for token_type, part in split_cost(net, event).items():
            self._add_component(("tokens", token_type), part, gross_parts[token_type])

    def _add_component(self, key: tuple[str, str | None], net: Decimal, gross: Decimal) -> None:
        sums = self.components.setdefault(key, [Decimal(0), Decimal(0)])
        sums[0] += net
        sums[1] += gross

    def metric(self, name: str) -> Decimal | int:
        figures: dict[str, Decimal | int] = {
            "amount": self.net,
            "list_amount": self.gross,
            "requests": self.requests,
            "uncached_input_tokens": self.counts[0],
            "output_tokens": self.counts[1],
            "total_tokens": sum(self.counts),
        }
        return figures[name]


def build_rows(
    events: Iterable[SpendEvent], query: Query, report: Report, organization: Organization
) -> list[list[dict[str, object]]]:
    """The rows in order; one entry counts once for `limit` and may hold several fan-out rows."""
    sums = _order(_add_up(events, query, report, organization), query, report)
    if query.exclude_deleted:
        sums = [row for row in sums if not _is_deleted(row, organization)]
    return [_render(row, query, report, organization) for row in sums]


def _add_up(
    events: Iterable[SpendEvent], query: Query, report: Report, organization: Organization
) -> list[_Sum]:
    width = query.width or _HOUR  # without buckets both bounds are rounded down to the hour
    first = _floor(query.starts_at, width)
    last = query.ends_at if query.width else _floor(query.ends_at, width)
    dimensions = [name for name in query.group_by if name not in FAN_OUT]
    sums: dict[_Key, _Sum] = {}
    for event in events:
        if not (first <= event.at < last and _counts(event, report)):
            continue
        if not passes(event, query.filters, organization):
            continue
        spread = spread_groups(event, organization) if "rbac_group_id" in dimensions else (event,)
        for part in spread:
            values = {name: read_dimension(part, name, organization) for name in dimensions}
            starts_at = _floor(part.at, width) if query.width else first
            ends_at = starts_at + width if query.width else last
            key = (starts_at, tuple(values.values()))
            found = sums.setdefault(key, _Sum(starts_at, ends_at, values))
            found.add(part)
            if report.name == "cost" and set(FAN_OUT) & set(query.group_by):
                found.add_components(part, "token_type" in query.group_by)
    return list(sums.values())


def _counts(event: SpendEvent, report: Report) -> bool:
    if report.name == "cost":
        return event.cents is not None
    return bool(event.tokens.total or event.requests or event.web_searches)


def _order(sums: list[_Sum], query: Query, report: Report) -> list[_Sum]:
    """`time` orders the buckets and, inside one, puts the highest figure first."""
    sums.sort(key=lambda row: (row.starts_at, [value or "" for value in row.values.values()]))
    if query.order_by == "time":
        sums.sort(key=lambda row: row.metric(report.default_order), reverse=True)
        sums.sort(key=lambda row: row.starts_at, reverse=query.descending)
    else:
        sums.sort(key=lambda row: row.metric(query.order_by), reverse=query.descending)
    return sums


def _render(
    row: _Sum, query: Query, report: Report, organization: Organization
) -> list[dict[str, object]]:
    group: dict[str, object] = dict.fromkeys(report.dimensions)
    group.update(row.values)
    if "actor" in row.values:
        group["actor"] = describe_actor(row.values["actor"], organization)
    if report.name == "usage":
        return [_frame(row, group, "usage", _usage(row))]
    fan_out = set(FAN_OUT) & set(query.group_by)
    if not fan_out:
        return [_frame(row, group, "cost", _cost(row.net, row.gross, row.requests))]
    return [
        _frame(
            row,
            {**group, "cost_type": cost_type, "token_type": token_type},
            "cost",
            _cost(net, gross, None),
        )
        for (cost_type, token_type), (net, gross) in row.components.items()
        if fan_out != {"token_type"} or token_type is not None
    ]


def _frame(
    row: _Sum, group: dict[str, object], name: str, figures: dict[str, object]
) -> dict[str, object]:
    return {
        "starting_at": format_time(row.starts_at),
        "ending_at": format_time(row.ends_at),
        "group": group,
        name: figures,
    }


def _cost(net: Decimal, gross: Decimal, requests: int | None) -> dict[str, object]:
    return {
        "amount": _cents(net),
        "list_amount": _cents(gross),
        "currency": "USD",
        "requests": requests,
    }


def _usage(row: _Sum) -> dict[str, object]:
    uncached_input, output, cache_read, creation_5m, creation_1h = row.counts
    return {
        "uncached_input_tokens": uncached_input,
        "cache_creation": {
            "ephemeral_1h_input_tokens": creation_1h,
            "ephemeral_5m_input_tokens": creation_5m,
        },
        "cache_read_input_tokens": cache_read,
        "output_tokens": output,
        "server_tool_use": {"web_search_requests": row.web_searches},
        "total_tokens": sum(row.counts),
        "requests": row.requests,
    }


def _cents(amount: Decimal) -> str:
    """At least six decimals, as the API writes them, and never fewer than the amount has."""
    places = max(6, -int(amount.as_tuple().exponent))
    return f"{amount:.{places}f}"


def _is_deleted(row: _Sum, organization: Organization) -> bool:
    described = describe_actor(row.values["actor"], organization)
    return bool(described and described.get("deleted"))


def _floor(moment: datetime, width: timedelta) -> datetime:
    return moment - (moment - _ZERO) % width
