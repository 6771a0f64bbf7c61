"""Prices: what tokens cost on a day, exact until they are rounded once, or not known."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.money import micros
from bot.domain.pricing import PRICES, Rates, canonical_model, find_price, price
from bot.domain.usage import Tokens

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
MILLION = 10**6
INPUT = Tokens(uncached_input=MILLION)
OUTPUT = Tokens(output=MILLION)
READ = Tokens(cache_read=MILLION)
WRITE = Tokens(cache_creation_5m=MILLION)
WRITE_1H = Tokens(cache_creation_1h=MILLION)
KINDS = (INPUT, OUTPUT, WRITE, WRITE_1H, READ)
MODELS = sorted({entry.model for entry in PRICES})
COUNTS = st.integers(min_value=0, max_value=2**62)
TOKENS = st.builds(Tokens, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
ASKED = st.fixed_dictionaries(
    {
        "tier": st.sampled_from([None, "standard", "batch", "priority"]),
        "geo": st.sampled_from([None, "global", "us", "not_available"]),
        "prompt_tokens": st.sampled_from([None, 1, 100_000, 100_001, 200_001]),
    }
)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-fable-5-2", ("8", "40", "10", "16", "0.20")),
        ("claude-mythos-5-2", ("8", "40", "10", "16", "0.20")),
        ("claude-fable-5-1", ("10", "50", "12.50", "20", "0.25")),
        ("claude-mythos-5-1", ("10", "50", "12.50", "20", "0.25")),
        ("claude-fable-5", ("10", "50", "12.50", "20", "1.00")),
        ("claude-mythos-5", ("10", "50", "12.50", "20", "1.00")),
        ("claude-opus-5-5", ("4", "20", "5", "8", "0.20")),
        ("claude-opus-5", ("5", "25", "6.25", "10", "0.50")),
        ("claude-opus-4-8", ("5", "25", "6.25", "10", "0.50")),
        ("claude-opus-4-7", ("5", "25", "6.25", "10", "0.50")),
        ("claude-opus-4-6", ("5", "25", "6.25", "10", "0.50")),
        ("claude-opus-4-5", ("5", "25", "6.25", "10", "0.50")),
        ("claude-sonnet-5-5", ("2", "10", "2.50", "4", "0.10")),
        ("claude-sonnet-5", ("2", "10", "2.50", "4", "0.20")),
        ("claude-sonnet-4-6", ("3", "15", "3.75", "6", "0.30")),
        ("claude-sonnet-4-5", ("3", "15", "3.75", "6", "0.30")),
        ("claude-haiku-5-5", ("0.10", "0.50", "0.125", "0.20", "0.01")),
        ("claude-haiku-4-5", ("1", "5", "1.25", "2", "0.10")),
    ],
)
def test_published_rates(model: str, expected: tuple[str, ...]) -> None:
    """A million tokens of each kind cost what is published for the model today."""
    assert [micros(rate) for rate in expected] == [price(model, kind, NOW) for kind in KINDS]


@pytest.mark.parametrize(
    ("model", "day", "kind", "expected"),
    [
        ("claude-sonnet-5-5", "2026-10-06T23:59:59+00:00", READ, "0.20"),
        ("claude-sonnet-5-5", "2026-10-07T00:00:00+00:00", READ, "0.10"),
        ("claude-sonnet-5-5", "2026-10-07T01:00:00+02:00", READ, "0.20"),  # still the 6th in UTC
        ("claude-sonnet-5-5", "2026-10-06T12:00:00+00:00", INPUT, "2"),
        ("claude-sonnet-5-5", "2026-09-27T23:59:59+00:00", INPUT, None),
        ("claude-opus-5-5", "2026-09-21T23:59:59+00:00", INPUT, None),
        ("claude-opus-5-5", "2026-09-22T00:00:00+00:00", INPUT, "4"),
        ("claude-opus-4-5", "2026-01-01T00:00:00+00:00", INPUT, "5"),
    ],
)
def test_dates(model: str, day: str, kind: Tokens, expected: str | None) -> None:
    """A price holds from its day in UTC to the next one's, and before the first there is none."""
    wanted = None if expected is None else micros(expected)

    assert wanted == price(model, kind, datetime.fromisoformat(day))


@pytest.mark.parametrize(
    ("model", "prompt", "kind", "expected"),
    [
        ("claude-haiku-5-5", None, INPUT, "0.10"),
        ("claude-haiku-5-5", 100_000, INPUT, "0.10"),
        ("claude-haiku-5-5", 100_001, INPUT, "0.50"),
        ("claude-haiku-5-5", 100_001, OUTPUT, "2.50"),
        ("claude-haiku-5-5", 100_001, WRITE, "0.625"),
        ("claude-haiku-5-5", 100_001, WRITE_1H, "1.00"),
        ("claude-haiku-5-5", 100_001, READ, "0.05"),
        ("claude-sonnet-4-5", 200_000, INPUT, "3"),
        ("claude-sonnet-4-5", 200_001, INPUT, "6"),
        ("claude-sonnet-4-5", 200_001, OUTPUT, "22.50"),
        ("claude-sonnet-4-6", 200_001, INPUT, "3"),
        ("claude-opus-5-5", 900_000, INPUT, "4"),
    ],
)
def test_long_prompts(model: str, prompt: int | None, kind: Tokens, expected: str) -> None:
    """A prompt above the border makes the whole request dearer; a sum alone never does."""
    assert micros(expected) == price(model, kind, NOW, prompt_tokens=prompt)


@pytest.mark.parametrize(("day", "expected"), [(12, "10"), (13, "5")])
def test_long_prompts_were_freed(day: int, expected: str) -> None:
    """The surcharge of the 4.6 models ended on 13 March 2026."""
    at = datetime(2026, 3, day, 12, tzinfo=UTC)

    assert micros(expected) == price("claude-opus-4-6", INPUT, at, prompt_tokens=200_001)


@pytest.mark.parametrize(
    ("model", "asked", "kind", "expected"),
    [
        ("claude-opus-5-5", {"tier": "batch"}, INPUT, "2"),
        ("claude-opus-5-5", {"tier": "batch"}, OUTPUT, "10"),
        ("claude-opus-5-5", {"tier": "batch"}, READ, "0.10"),
        ("claude-opus-5-5", {"tier": "standard"}, INPUT, "4"),
        ("claude-opus-5-5", {"tier": "priority"}, INPUT, "4"),
        ("claude-opus-5-5", {"speed": "fast"}, INPUT, "8"),
        ("claude-opus-5-5", {"speed": "fast"}, OUTPUT, "40"),
        ("claude-opus-5", {"speed": "fast"}, OUTPUT, "50"),
        ("claude-opus-4-8", {"speed": "fast"}, INPUT, "10"),
        ("claude-opus-5-5", {"speed": "standard"}, INPUT, "4"),
        ("claude-fable-5-2", {"speed": "fast"}, INPUT, None),
        ("claude-haiku-4-5", {"speed": "fast"}, INPUT, None),
        ("claude-opus-5-5", {"geo": "us"}, INPUT, "4.40"),
        ("claude-opus-5-5", {"geo": "global"}, INPUT, "4"),
        ("claude-opus-4-6", {"geo": "us"}, INPUT, "5.50"),
        ("claude-opus-4-5", {"geo": "us"}, INPUT, "5"),
        ("claude-sonnet-4-5", {"geo": "us"}, INPUT, "3"),
        ("claude-haiku-4-5", {"geo": "not_available"}, INPUT, "1"),
        ("claude-opus-5-5", {"tier": "batch", "geo": "us"}, OUTPUT, "11"),
        ("claude-opus-5-5", {"speed": "fast", "geo": "us"}, INPUT, "8.80"),
        ("claude-haiku-5-5", {"tier": "batch", "prompt_tokens": 100_001}, INPUT, "0.25"),
    ],
)
def test_multipliers(
    model: str, asked: dict[str, object], kind: Tokens, expected: str | None
) -> None:
    """Batch, fast mode and region multiply the price and each other; an unknown one is no price."""
    wanted = None if expected is None else micros(expected)

    assert wanted == price(model, kind, NOW, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("day", "expected"), [(date(2026, 11, 30), "10"), (date(2026, 12, 1), None)]
)
def test_fast_mode_ends(day: date, expected: str | None) -> None:
    """Opus 4.8 runs fast to the end of November 2026."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    wanted = None if expected is None else micros(expected)

    assert wanted == price("claude-opus-4-8", INPUT, at, speed="fast")


def test_web_searches() -> None:
    """A thousand web searches are $10, whatever multiplies the tokens."""
    searched = price("claude-opus-5-5", INPUT, NOW, tier="batch", geo="us", web_searches=1_000)

    assert micros("12.20") == searched


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("claude-opus-5-5", "claude-opus-5-5"),
        ("claude-opus-5-5-20260922", "claude-opus-5-5"),
        ("anthropic/claude-opus-5-5", "claude-opus-5-5"),
        ("openrouter/anthropic/claude-opus-5.5", "claude-opus-5-5"),
        ("anthropic/claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("claude-opus-5-latest", "claude-opus-5"),
        (" Claude-Opus-5 ", "claude-opus-5"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-opus-5-5-2026", "claude-opus-5-5-2026"),
        ("", ""),
        ("anthropic/", "anthropic/"),
    ],
)
def test_aliases(written: str, expected: str) -> None:
    """A gateway's prefix and the day of a snapshot say nothing about the price."""
    assert expected == canonical_model(written)


@pytest.mark.parametrize(
    "model", ["claude-opus-9", "gpt-5", "", "claude-opus", "claude-opus-5-5-preview", "/"]
)
def test_unknown_models(model: str) -> None:
    """A model that is not in the table has no price, not even for nothing or for web searches."""
    assert (None, None) == (
        price(model, Tokens(), NOW),
        price(model, INPUT, NOW, web_searches=5),
    )


def test_naive_moments() -> None:
    """A moment without a zone has no day in UTC."""
    with pytest.raises(ValueError, match="aware"):
        price("claude-opus-5-5", INPUT, datetime(2026, 11, 23))  # noqa: DTZ001


@pytest.mark.parametrize("model", MODELS)
def test_no_day_has_two_prices(model: str) -> None:
    """From its first price on, a model has exactly one on every day."""
    entries = [entry for entry in PRICES if entry.model == model]
    first = min(entry.effective_from or date(2026, 1, 1) for entry in entries)
    days = [first + timedelta(days=n) for n in range((date(2027, 6, 1) - first).days)]

    assert {1} == {sum(entry.holds(day) for entry in entries) for day in days}


@given(st.sampled_from(MODELS), TOKENS, ASKED, st.integers(0, 10**9))
def test_exact(model: str, tokens: Tokens, asked: dict[str, object], searches: int) -> None:
    """However large the counts, the price is the exact sum to half a micro-dollar."""
    found = find_price(model, NOW)
    assert found is not None
    rates = found.rates
    prompt = asked["prompt_tokens"]
    if found.long_prompts and isinstance(prompt, int) and prompt > found.long_prompts.above:
        rates = found.long_prompts.rates
    exact = _by_hand(rates, tokens)
    exact *= Fraction(1, 2) if asked["tier"] == "batch" else 1
    exact *= Fraction(11, 10) if asked["geo"] == "us" and found.has_us else 1
    exact += 10_000 * searches

    paid = price(model, tokens, NOW, web_searches=searches, **asked)  # type: ignore[arg-type]

    assert paid is not None
    assert abs(paid - exact) <= Fraction(1, 2)
    assert abs(paid - exact) < Fraction(1, 2) or paid % 2 == 0


@given(st.sampled_from(MODELS), TOKENS, ASKED, st.sampled_from(Tokens.__slots__), COUNTS)
def test_monotone(
    model: str, tokens: Tokens, asked: dict[str, object], kind: str, more: int
) -> None:
    """More tokens of any kind never cost less."""
    grown = replace(tokens, **{kind: getattr(tokens, kind) + more})

    less, greater = (price(model, t, NOW, **asked) for t in (tokens, grown))  # type: ignore[arg-type]

    assert less is not None
    assert greater is not None
    assert 0 <= less <= greater


@given(st.lists(st.integers(0, 10**6), min_size=5, max_size=5))
def test_rounded_once(counts: list[int]) -> None:
    """Five parts that would each be rounded are rounded as a whole."""
    tokens = Tokens(*counts)
    paid = price("claude-haiku-5-5", tokens, NOW, tier="batch")
    found = find_price("claude-haiku-5-5", NOW)
    assert found is not None

    assert round(_by_hand(found.rates, tokens) / 2) == paid


@pytest.mark.parametrize(("tokens", "expected"), [(5, 0), (15, 2), (25, 2), (6, 1)])
def test_half_even(tokens: int, expected: int) -> None:
    """A half goes to the even micro-dollar: 5 tokens at $0.10 are half a one."""
    assert expected == price("claude-haiku-5-5", Tokens(uncached_input=tokens), NOW)


@given(TOKENS, st.integers(-14, 14))
def test_zones(tokens: Tokens, hours: int) -> None:
    """The same moment costs the same in every time zone."""
    there = NOW.astimezone(timezone(timedelta(hours=hours)))

    assert price("claude-sonnet-5-5", tokens, NOW) == price("claude-sonnet-5-5", tokens, there)


@pytest.mark.parametrize(
    ("model", "at"),
    [
        (model, at)
        for model in MODELS
        for at in (datetime(2026, 2, 20, tzinfo=UTC), NOW)
        if find_price(model, at)
    ],
)
@pytest.mark.parametrize("prompt", [1_000, 100_001, 200_001])
def test_against_genai_prices(model: str, prompt: int, at: datetime) -> None:
    """An independent table of prices says the same, wherever both know the model."""
    genai = pytest.importorskip("genai_prices")
    tokens = Tokens(
        uncached_input=prompt - 600,
        cache_read=300,
        cache_creation_5m=200,
        cache_creation_1h=100,
        output=700,
    )
    ours = price(model, tokens, at, prompt_tokens=prompt, web_searches=3)
    usage = genai.Usage(
        input_tokens=prompt,
        cache_read_tokens=300,
        cache_write_tokens=300,
        cache_write_1h_tokens=100,
        output_tokens=700,
        web_searches=3,
    )
    try:
        theirs = genai.calc_price(
            usage, model, provider_id="anthropic", genai_request_timestamp=at
        ).total_price
    except LookupError:
        pytest.skip("genai-prices does not know the model")

    assert micros(theirs) == ours


def _by_hand(rates: Rates, tokens: Tokens) -> Fraction:
    pairs: list[tuple[Decimal, int]] = [
        (rates.input, tokens.uncached_input),
        (rates.output, tokens.output),
        (rates.cache_write_5m, tokens.cache_creation_5m),
        (rates.cache_write_1h, tokens.cache_creation_1h),
        (rates.cache_read, tokens.cache_read),
    ]
    return sum((Fraction(rate) * count for rate, count in pairs), Fraction(0))
