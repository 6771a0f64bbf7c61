"""
Effective rates: what an organization really pays for a token, learned from its bill.

A rate is billed micro-dollars by tokens. It is kept as a ratio to a reference price, the list
price of that very token on its day, so that what was billed for one tier, region or day also
prices another: the ratio is carried over, the reference price is looked up anew.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from fractions import Fraction

from bot.domain.money import Micros
from bot.domain.pricing import PRICES, WEB_SEARCH, canonical_model, find_price, price
from bot.domain.usage import Tokens

TOKEN_TYPES = tuple(field.name for field in fields(Tokens))
SEARCHES = "web_search"
_SHORT = "0-200k"
_LONG = "200k-1M"
_SHORTEST_LONG = 200_001  # tokens, of a prompt in the window above
# The price of so many tokens is a whole number of micro-dollars, so rounding it loses nothing.
_MANY = 10**12
_SEARCH_PRICE = Fraction(WEB_SEARCH) * 1_000_000
# How the prices of a model that is in no table stand to each other: so they do for nearly all.
_SHAPE = {
    "uncached_input": Fraction(1),
    "cache_read": Fraction(1, 10),
    "cache_creation_5m": Fraction(5, 4),
    "cache_creation_1h": Fraction(2),
    "output": Fraction(5),
}
_BATCH = Fraction(1, 2)
_US = Fraction(11, 10)
_Group = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RateKey:
    """What a price hangs on, beside the token type; made by `rate_key`, so that equal is equal."""

    model: str | None
    service_tier: str | None
    context_window: str
    inference_geo: str | None


def rate_key(
    model: str | None, tier: str | None, context_window: str | None, geo: str | None
) -> RateKey:
    """Reports name the same thing in two ways: no window is the short one, no region is none."""
    return RateKey(
        canonical_model(model) if model else None,
        tier,
        context_window or _SHORT,
        None if geo == "not_available" else geo,
    )


@dataclass(frozen=True, slots=True)
class Billed:
    """
    What was billed for one kind of token, or for web searches.

    `kind` is one of TOKEN_TYPES or SEARCHES, `count` tokens or searches, both amounts are
    micro-dollars, and `at` lies on the UTC day whose prices held.
    """

    key: RateKey
    kind: str
    count: int
    net: Fraction
    list: Fraction
    at: datetime


@dataclass(frozen=True, slots=True)
class Cost:
    """Micro-dollars, not rounded: add up first, then `round_cost`."""

    net: Fraction = Fraction(0)
    list: Fraction = Fraction(0)

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.net + other.net, self.list + other.list)

    def __mul__(self, count: Fraction | int) -> "Cost":
        return Cost(self.net * count, self.list * count)


def round_cost(cost: Cost) -> tuple[Micros, Micros]:
    """Net and list, half to even."""
    return Micros(round(cost.net)), Micros(round(cost.list))


@dataclass(slots=True)
class _Sum:
    cost: Cost = Cost()
    reference: Fraction = Fraction(0)

    def ratio(self) -> Cost | None:
        """None for what was never billed; a discount of the whole amount is a bill too."""
        if self.reference <= 0 or self.cost.list <= 0 or self.cost.net < 0:
            return None
        return self.cost * (1 / self.reference)


class EffectiveRates:
    """
    Prices tokens as the bill would, by the first of these that was ever billed:

    1. the same model, tier, context window, region and token type;
    2. the same model, tier and token type;
    3. the same model and token type, and then the same model, both scaled by list prices;
    4. nothing of the model: its list price, net of the organization's discount over all;
    5. a model that is in no price list either: unpriced, which is None and never 0.
    """

    def __init__(self, ratios: Mapping[_Group, Cost], overall: Fraction) -> None:
        self._ratios = ratios
        self._overall = overall
        self._known: dict[tuple[RateKey, str, date], Cost | None] = {}

    def cost(
        self, key: RateKey, tokens: Tokens, at: datetime, web_searches: int = 0
    ) -> Cost | None:
        """What the tokens of one key cost on the UTC day of `at`; None when part has no price."""
        total = Cost()
        counts = [(kind, getattr(tokens, kind)) for kind in TOKEN_TYPES]
        for kind, count in (*counts, (SEARCHES, web_searches)):
            if not count:
                continue
            rate = self._rate(key, kind, at)
            if rate is None:
                return None
            total += rate * count
        return total

    def _rate(self, key: RateKey, kind: str, at: datetime) -> Cost | None:
        """Micro-dollars a token; remembered by day, for thousands of rows share a few rates."""
        known = (key, kind, at.astimezone(UTC).date())
        if known not in self._known:
            self._known[known] = self._find_rate(key, kind, at)
        return self._known[known]

    def _find_rate(self, key: RateKey, kind: str, at: datetime) -> Cost | None:
        for group in _groups(key, kind):
            if (ratio := self._ratios.get(group)) is not None:
                return ratio * _reference(key, kind, at)
        listed = _SEARCH_PRICE if kind == SEARCHES else _list_price(key, kind, at)
        return None if listed is None else Cost(listed * self._overall, listed)


def learn_rates(billed: Iterable[Billed]) -> EffectiveRates:
    """The rates of everything billed; without a bill, or one below nothing, they are list prices."""
    sums: dict[_Group, _Sum] = {}
    whole = Cost()
    for entry in billed:
        cost = Cost(entry.net, entry.list)
        whole += cost
        reference = entry.count * _reference(entry.key, entry.kind, entry.at)
        for group in _groups(entry.key, entry.kind):
            found = sums.setdefault(group, _Sum())
            found.cost += cost
            found.reference += reference
    ratios = {group: ratio for group, found in sums.items() if (ratio := found.ratio())}
    known = whole.list > 0 and whole.net >= 0
    return EffectiveRates(ratios, whole.net / whole.list if known else Fraction(1))


def list_cost(key: RateKey, tokens: Tokens, at: datetime, web_searches: int = 0) -> Fraction | None:
    """The list price in micro-dollars, not rounded; None when part of it is not known."""
    cost = _LIST_PRICES.cost(key, tokens, at, web_searches)
    return None if cost is None else cost.list


def _groups(key: RateKey, kind: str) -> Iterator[_Group]:
    """From the finest to the coarsest; a search costs the same whatever model it was for."""
    if kind == SEARCHES:
        yield (SEARCHES,)
        return
    yield (key, kind)
    yield (key.model, key.service_tier, kind)
    yield (key.model, kind, "any tier")
    yield (key.model,)


def _reference(key: RateKey, kind: str, at: datetime) -> Fraction:
    """
    What ratios refer to: the list price, in micro-dollars a token.

    One model has one kind of reference on all days: before its first day it is that day's price,
    and a model that is in no list has the shape that nearly all have, with an input token as 1.
    """
    if kind == SEARCHES:
        return _SEARCH_PRICE
    listed = _list_price(key, kind, at)
    if listed is None and (first := _first_day(key.model)) is not None:
        listed = _list_price(key, kind, first)
    if listed is not None:
        return listed
    batch = _BATCH if key.service_tier == "batch" else 1
    return _SHAPE[kind] * batch * (_US if key.inference_geo == "us" else 1)


def _list_price(key: RateKey, kind: str, at: datetime) -> Fraction | None:
    """Micro-dollars a token. Prompts of the long window are above every border of a price."""
    if key.model is None or find_price(key.model, at) is None:
        return None
    amount = price(
        key.model,
        Tokens(**{kind: _MANY}),
        at,
        tier=key.service_tier,
        geo=key.inference_geo,
        prompt_tokens=_SHORTEST_LONG if key.context_window == _LONG else None,
    )
    return None if amount is None else Fraction(amount, _MANY)


def _first_day(model: str | None) -> datetime | None:
    days = [entry.effective_from for entry in PRICES if entry.model == model]
    first = min((day for day in days if day is not None), default=None)
    return None if first is None else datetime.combine(first, time(), UTC)


_LIST_PRICES = learn_rates(())
