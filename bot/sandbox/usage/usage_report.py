"""The older usage report of the double: tokens in buckets, from the same spend events."""

from collections.abc import Sequence
from datetime import datetime

from bot.sandbox.usage.buckets import Allowed, Buckets, Pairs, read_buckets, render_page
from bot.sandbox.usage.dimensions import FILTERS
from bot.sandbox.usage.events import SpendEvent
from bot.sandbox.usage.ledger import Ledger

ALLOWED = Allowed(
    limits={"1d": (7, 31), "1h": (24, 168), "1m": (60, 1440)},
    dimensions=(
        "account_id",
        "api_key_id",
        "context_window",
        "inference_geo",
        "model",
        "service_account_id",
        "service_tier",
        "speed",
        "workspace_id",
    ),
    filters={
        "account_ids": (),
        "api_key_ids": (),
        "workspace_ids": (),
        "models": (),
        "service_tiers": FILTERS["service_tiers"].values,
        "context_window": FILTERS["context_windows"].values,  # singular only here
        "inference_geos": FILTERS["inference_geos"].values,
        "speeds": FILTERS["speeds"].values,
    },
)
# What the report says where an event does not: it always fills in these.
_UNSET = {"context_window": "0-200k", "inference_geo": "not_available", "speed": "standard"}
_Group = tuple[str | None, ...]


def read_usage_report(ledger: Ledger, pairs: Pairs) -> dict[str, object]:
    query = read_buckets(pairs, ALLOWED, ledger.clock())
    default = ledger.organization.default_workspace_id
    buckets: dict[datetime, dict[_Group, list[SpendEvent]]] = {}
    for event in ledger.shown_older():
        if _counts(event) and _passes(event, query, default):
            group = tuple(
                read_legacy(event, name, default) if name in query.group_by else None
                for name in ALLOWED.dimensions
            )
            bucket = buckets.setdefault(query.floor(event.at), {})
            bucket.setdefault(group, []).append(event)

    def results(starts_at: datetime) -> list[dict[str, object]]:
        groups = buckets.get(starts_at, {})
        return [_render(group, groups[group]) for group in sorted(groups, key=repr)]

    present = query.floor(ledger.horizon()) + query.width
    return render_page(query, present, results)


def asks_speed(pairs: Pairs) -> bool:
    """Grouping or filtering by speed needs a beta header of its own."""
    return any(
        name == "speeds[]" or (name, value) == ("group_by[]", "speed") for name, value in pairs
    )


def read_legacy(event: SpendEvent, name: str, default_workspace: str) -> str | None:
    """The value of a dimension, in the older words: the default workspace has no id."""
    kind, _, id_ = (event.actor or "").partition(":")
    match name:
        case "account_id":
            return id_ if kind == "user" else None
        case "service_account_id":
            return id_ if kind == "service" else None
        case "workspace_id":
            workspace = event.dimensions.get("workspace_id")
            return None if workspace == default_workspace else workspace
        case _:
            return event.dimensions.get(name) or _UNSET.get(name)


def _counts(event: SpendEvent) -> bool:
    """Code execution is left out, and what has no tokens has no row."""
    return event.cost_type != "code_execution" and bool(event.tokens.total or event.web_searches)


def _passes(event: SpendEvent, query: Buckets, default: str) -> bool:
    if not query.starts_at <= event.at < query.ends_at:
        return False
    return all(
        read_legacy(event, name.removesuffix("s"), default) in wanted
        for name, wanted in query.filters.items()
    )


def _render(group: _Group, events: Sequence[SpendEvent]) -> dict[str, object]:
    counts = [event.token_counts() for event in events]
    uncached_input, output, cache_read, creation_5m, creation_1h = map(
        sum, zip(*counts, strict=True)
    )
    return {
        "uncached_input_tokens": uncached_input,
        "cache_creation": {
            "ephemeral_1h_input_tokens": creation_1h,
            "ephemeral_5m_input_tokens": creation_5m,
        },
        "cache_read_input_tokens": cache_read,
        "output_tokens": output,
        "server_tool_use": {"web_search_requests": sum(event.web_searches for event in events)},
        **dict(zip(ALLOWED.dimensions, group, strict=True)),
    }
