"""The older cost report of the double: cents by day, workspace and description."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from bot.sandbox.usage.buckets import Allowed, Pairs, read_buckets, render_page
from bot.sandbox.usage.events import SpendEvent, split_cost
from bot.sandbox.usage.ledger import Ledger
from bot.sandbox.usage.query import invalid
from bot.sandbox.usage.usage_report import read_legacy

ALLOWED = Allowed(limits={"1d": (7, 31)}, dimensions=("workspace_id", "description"), filters={})
_TITLES = {
    "uncached_input_tokens": "Input Tokens",
    "output_tokens": "Output Tokens",
    "cache_read_input_tokens": "Input Tokens, Cache Read",
    "cache_creation.ephemeral_5m_input_tokens": "Input Tokens, Cache Write",
    "cache_creation.ephemeral_1h_input_tokens": "Input Tokens, Cache Write 1h",
}


class _Group(NamedTuple):
    """All that a result can be told apart by; null where it was not asked for."""

    workspace_id: str | None = None
    description: str | None = None
    cost_type: str | None = None
    context_window: str | None = None
    model: str | None = None
    service_tier: str | None = None
    token_type: str | None = None
    inference_geo: str | None = None


def read_cost_report(ledger: Ledger, pairs: Pairs) -> dict[str, object]:
    """
    Whole days only, so a range that starts today is refused as no range at all.

    A day that is over but not billed yet is an empty bucket.
    """
    query = read_buckets(pairs, ALLOWED, ledger.clock())
    today = query.floor(ledger.clock())
    if query.starts_at >= today:
        raise invalid("Invalid date range: ending date must be after starting date")
    default = ledger.organization.default_workspace_id
    billed = query.floor(ledger.clock() - ledger.cost_lag)
    days: dict[datetime, dict[_Group, Decimal]] = {}
    for event in ledger.shown_older():
        if event.at >= billed or event.dimensions.get("service_tier") == "priority":
            continue  # left out of this report
        sums = days.setdefault(query.floor(event.at), {})
        for part, amount in _split(event, default):
            group = part
            if "description" not in query.group_by:
                group = _Group(workspace_id=part.workspace_id)
            if "workspace_id" not in query.group_by:
                group = group._replace(workspace_id=None)
            sums[group] = sums.get(group, Decimal(0)) + amount

    def results(starts_at: datetime) -> list[dict[str, object]]:
        sums = days.get(starts_at, {})
        return [
            {"currency": "USD", "amount": f"{sums[group]:f}", **group._asdict()}
            for group in sorted(sums, key=repr)
        ]

    return render_page(query, today, results)


def _split(event: SpendEvent, default: str) -> Iterator[tuple[_Group, Decimal]]:
    if event.cents is None:
        return
    workspace_id = read_legacy(event, "workspace_id", default)
    geo = read_legacy(event, "inference_geo", default)
    if event.cost_type != "tokens":
        description = f"{_title(event.cost_type, '_')} Usage"
        yield _Group(workspace_id, description, event.cost_type, inference_geo=geo), event.cents
        return
    model = event.dimensions.get("model")
    for token_type, amount in split_cost(event.cents, event).items():
        yield (
            _Group(
                workspace_id=workspace_id,
                description=f"{_title(model or 'other', '-')} Usage - {_TITLES[token_type]}",
                cost_type="tokens",
                context_window=read_legacy(event, "context_window", default),
                model=model,
                service_tier=event.dimensions.get("service_tier"),
                token_type=token_type,
                inference_geo=geo,
            ),
            amount,
        )


def _title(name: str, separator: str) -> str:
    """`claude-opus-5-5` is Claude Opus 5.5."""
    words = name.split(separator)
    version = ".".join(word for word in words if word.isdigit())
    return " ".join([*(word.title() for word in words if not word.isdigit()), version]).strip()
