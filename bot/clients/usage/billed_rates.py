"""Learns effective rates from what the analytics reports say was billed."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from bot.clients.usage.analytics import read_report
from bot.clients.usage.counts import read_tokens
from bot.clients.usage.patience import Patience
from bot.clients.usage.sku_answers import SkuCostPage, SkuGroup, SkuUsagePage
from bot.clients.usage.transport import Transport
from bot.clients.usage.windows import DAY, earliest_hour, floor_moment
from bot.domain.effective_rates import (
    SEARCHES,
    TOKEN_TYPES,
    Billed,
    Cost,
    EffectiveRates,
    RateKey,
    learn_rates,
    rate_key,
)
from bot.domain.money import MICROS_PER_CENT
from bot.domain.usage import Window

RATES_FOR = timedelta(hours=6)
LEARNED_FROM = timedelta(days=7)
# The reports' words for the kinds of tokens; the cost reports of both generations agree.
KINDS = {
    "uncached_input_tokens": "uncached_input",
    "output_tokens": "output",
    "cache_read_input_tokens": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_creation_5m",
    "cache_creation.ephemeral_1h_input_tokens": "cache_creation_1h",
}
_USAGE_GROUPS = ("model", "service_tier", "context_window", "inference_geo")
_COST_GROUPS = (*_USAGE_GROUPS, "cost_type", "token_type")
_Of = tuple[datetime, RateKey, str]  # day, key and kind


class BilledRates:
    """The last days' rates, learned again when they are six hours old."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._rates: EffectiveRates | None = None
        self._learned_at: datetime | None = None

    def rates(self, refreshed_at: datetime, now: datetime, patience: Patience) -> EffectiveRates:
        """Of the seven billed days before `refreshed_at`; a failure leaves the old ones in place."""
        if (
            self._rates is None
            or self._learned_at is None
            or not timedelta(0) <= now - self._learned_at < RATES_FOR
        ):
            self._rates = learn_rates(self._read(refreshed_at, now, patience))
            self._learned_at = now
        return self._rates

    def _read(self, refreshed_at: datetime, now: datetime, patience: Patience) -> Iterator[Billed]:
        """Whole days by day, for prices change with the day, and the hours of the last one at once."""
        hour = floor_moment(refreshed_at)
        day = floor_moment(hour, DAY)
        first = max(day - LEARNED_FROM, earliest_hour(now))
        if first < day:
            yield from self._read_part(Window(first, day), DAY, patience)
        if day < hour:
            yield from self._read_part(Window(day, hour), None, patience)

    def _read_part(
        self, window: Window, width: timedelta | None, patience: Patience
    ) -> Iterator[Billed]:
        counts: dict[_Of, int] = defaultdict(int)
        costs: dict[_Of, Cost] = defaultdict(Cost)
        for costs_page in read_report(
            self._transport, "cost", SkuCostPage, window, width, _COST_GROUPS, patience
        ):
            for cost in costs_page.data:
                kind = _kind(cost.group.cost_type, cost.group.token_type)
                if kind is not None:
                    of = _of(cost.starting_at, cost.group, kind)
                    costs[of] += Cost(_micros(cost.cost.amount), _micros(cost.cost.list_amount))
        for usage_page in read_report(
            self._transport, "usage", SkuUsagePage, window, width, _USAGE_GROUPS, patience
        ):
            for usage in usage_page.data:
                tokens = read_tokens(usage.usage)
                for kind in TOKEN_TYPES:
                    counts[_of(usage.starting_at, usage.group, kind)] += getattr(tokens, kind)
                searches = usage.usage.server_tool_use.web_search_requests
                counts[_of(usage.starting_at, usage.group, SEARCHES)] += searches
        for of in {**costs, **counts}:
            day, key, kind = of
            paid = costs.get(of, Cost())
            yield Billed(key, kind, counts.get(of, 0), paid.net, paid.list, day)


def _kind(cost_type: str | None, token_type: str | None) -> str | None:
    """None for what is not paid by the piece, such as code execution, and for unknown kinds."""
    if cost_type == "web_search":
        return SEARCHES
    return KINDS.get(token_type or "") if cost_type in ("tokens", None) else None


def _of(starts_at: datetime, group: SkuGroup, kind: str) -> _Of:
    key = rate_key(group.model, group.service_tier, group.context_window, group.inference_geo)
    return (starts_at.astimezone(UTC), key, kind)


def _micros(cents: str) -> Fraction:
    return Fraction(Decimal(cents)) * MICROS_PER_CENT
