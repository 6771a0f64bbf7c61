"""
What tokens cost at list price: a dated table of the Claude models, and the multipliers on it.

An estimate, for usage that comes without dollars; a bill always replaces it. USD per million
tokens, as published up to 2026-11-23. A price that is not in the table is unknown, never 0.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from bot.domain.money import Micros
from bot.domain.usage import Tokens

WEB_SEARCH = Decimal("0.01")  # $10 per 1,000
_BATCH = Fraction(1, 2)
_FAST = Fraction(2)
_US = Fraction(11, 10)
_MICROS = 1_000_000

# `anthropic/`, `bedrock/anthropic/` and the like before it, the day of a snapshot after it.
_ID = re.compile(r"(?:.+/)?(?P<id>[^/]+?)(?:[-@]\d{8}|-latest)?")


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per million tokens, which is micro-dollars per token."""

    input: Decimal
    output: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal

    def cost(self, tokens: Tokens) -> Fraction:
        """Micro-dollars, not rounded: fractions are exact whatever the decimal context is."""
        return (
            Fraction(self.input) * tokens.uncached_input
            + Fraction(self.output) * tokens.output
            + Fraction(self.cache_write_5m) * tokens.cache_creation_5m
            + Fraction(self.cache_write_1h) * tokens.cache_creation_1h
            + Fraction(self.cache_read) * tokens.cache_read
        )


@dataclass(frozen=True, slots=True)
class LongPrompts:
    """The rates of the whole request when its prompt is longer than `above` tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Price:
    """From `effective_from` up to, but not including, `effective_until`; UTC days, open where None."""

    model: str
    rates: Rates
    effective_from: date | None = None
    effective_until: date | None = None
    long_prompts: LongPrompts | None = None
    has_us: bool = True  # models before February 2026 run in no chosen region
    fast: bool = False  # only where a price for it is documented
    fast_until: date | None = None

    def holds(self, day: date) -> bool:
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_until is None or day < self.effective_until
        )

    def allows_fast(self, day: date) -> bool:
        return self.fast and (self.fast_until is None or day < self.fast_until)


def _rates(input_: str, output: str, write_5m: str, write_1h: str, read: str) -> Rates:
    return Rates(
        Decimal(input_), Decimal(output), Decimal(write_5m), Decimal(write_1h), Decimal(read)
    )


_FABLE_5_2 = _rates("8", "40", "10", "16", "0.20")
_FABLE_5_1 = _rates("10", "50", "12.50", "20", "0.25")
_FABLE_5 = _rates("10", "50", "12.50", "20", "1.00")
_OPUS_5_5 = _rates("4", "20", "5", "8", "0.20")
_OPUS = _rates("5", "25", "6.25", "10", "0.50")
_SONNET_5_5 = _rates("2", "10", "2.50", "4", "0.10")
_SONNET_5 = _rates("2", "10", "2.50", "4", "0.20")
_SONNET_4 = _rates("3", "15", "3.75", "6", "0.30")
_HAIKU_5_5 = _rates("0.10", "0.50", "0.125", "0.20", "0.01")
_HAIKU_4_5 = _rates("1", "5", "1.25", "2", "0.10")

_LONG_OPUS_4_6 = LongPrompts(200_000, _rates("10", "37.50", "12.50", "20", "1.00"))
_LONG_SONNET_4 = LongPrompts(200_000, _rates("6", "22.50", "7.50", "12", "0.60"))
_LONG_HAIKU_5_5 = LongPrompts(100_000, _rates("0.50", "2.50", "0.625", "1.00", "0.05"))

_LONG_PROMPTS_FREED = date(2026, 3, 13)  # no surcharge since then for 4.6 and later
_SONNET_5_5_CUT = date(2026, 10, 7)

PRICES = (
    Price("claude-fable-5-2", _FABLE_5_2, date(2026, 11, 1)),
    Price("claude-mythos-5-2", _FABLE_5_2, date(2026, 11, 1)),
    Price("claude-fable-5-1", _FABLE_5_1, date(2026, 9, 1)),
    Price("claude-mythos-5-1", _FABLE_5_1, date(2026, 9, 1)),
    Price("claude-fable-5", _FABLE_5, date(2026, 6, 9)),
    Price("claude-mythos-5", _FABLE_5, date(2026, 6, 9)),
    Price("claude-opus-5-5", _OPUS_5_5, date(2026, 9, 22), fast=True),
    Price("claude-opus-5", _OPUS, date(2026, 7, 24), fast=True),
    Price("claude-opus-4-8", _OPUS, fast=True, fast_until=date(2026, 12, 1)),
    Price("claude-opus-4-7", _OPUS),
    Price(
        "claude-opus-4-6",
        _OPUS,
        effective_until=_LONG_PROMPTS_FREED,
        long_prompts=_LONG_OPUS_4_6,
    ),
    Price("claude-opus-4-6", _OPUS, _LONG_PROMPTS_FREED),
    Price("claude-opus-4-5", _OPUS, has_us=False),
    Price("claude-sonnet-5-5", _SONNET_5, date(2026, 9, 28), _SONNET_5_5_CUT),
    Price("claude-sonnet-5-5", _SONNET_5_5, _SONNET_5_5_CUT),
    Price("claude-sonnet-5", _SONNET_5, date(2026, 6, 30)),
    Price(
        "claude-sonnet-4-6",
        _SONNET_4,
        effective_until=_LONG_PROMPTS_FREED,
        long_prompts=_LONG_SONNET_4,
    ),
    Price("claude-sonnet-4-6", _SONNET_4, _LONG_PROMPTS_FREED),
    Price("claude-sonnet-4-5", _SONNET_4, long_prompts=_LONG_SONNET_4, has_us=False),
    Price("claude-haiku-5-5", _HAIKU_5_5, date(2026, 10, 7), long_prompts=_LONG_HAIKU_5_5),
    Price("claude-haiku-4-5", _HAIKU_4_5, date(2025, 10, 1), has_us=False),
)


def canonical_model(model: str) -> str:
    """`anthropic/claude-opus-5.5` and `claude-opus-5-5-20260922` are `claude-opus-5-5`."""
    found = _ID.fullmatch(model.strip().lower())
    return found["id"].replace(".", "-") if found else model


def find_price(model: str, at: datetime) -> Price | None:
    """The price on the UTC day of `at`; None also for the days before the model's first price."""
    if at.tzinfo is None:
        raise ValueError("a price needs an aware datetime")
    id_, day = canonical_model(model), at.astimezone(UTC).date()
    return next((price for price in PRICES if price.model == id_ and price.holds(day)), None)


def price(
    model: str,
    tokens: Tokens,
    at: datetime,
    *,
    tier: str | None = None,
    speed: str | None = None,
    geo: str | None = None,
    prompt_tokens: int | None = None,
    web_searches: int = 0,
) -> Micros | None:
    """
    The list price, rounded once, half to even; None when it is not known.

    `prompt_tokens` is the length of one prompt, cached parts included. A model with a price for
    long prompts cannot be priced exactly from a sum over requests: without `prompt_tokens` the
    lower price is taken, so the estimate is at most too low. Never pass the sum itself: a
    thousand short prompts are not a long one.

    The batch, fast and region multipliers hold for every kind of token and stack; web searches
    cost the same everywhere. Every tier but batch counts as standard, for the discounts of flex
    and the terms of priority are not published.
    """
    found = find_price(model, at)
    if found is None:
        return None
    factor = Fraction(1)
    if tier == "batch":
        factor *= _BATCH
    if speed == "fast":
        if not found.allows_fast(at.astimezone(UTC).date()):
            return None
        factor *= _FAST
    if geo == "us" and found.has_us:
        factor *= _US
    rates, long = found.rates, found.long_prompts
    if long is not None and prompt_tokens is not None and prompt_tokens > long.above:
        rates = long.rates
    searches = Fraction(WEB_SEARCH) * web_searches * _MICROS
    # `round` takes a fraction half to even, as money is rounded everywhere
    return Micros(round(rates.cost(tokens) * factor + searches))
