"""Effective rates: learned from a bill, exact for what was billed, carried over to what was not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.effective_rates import (
    SEARCHES,
    TOKEN_TYPES,
    Billed,
    Cost,
    EffectiveRates,
    RateKey,
    learn_rates,
    list_cost,
    rate_key,
    round_cost,
)
from bot.domain.usage import Tokens

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
MILLION = 10**6
OPUS = rate_key("claude-opus-5-5", "standard", "0-200k", None)
HAIKU = rate_key("claude-haiku-4-5", "standard", "0-200k", None)
UNKNOWN = rate_key("claude-next-7", "standard", "0-200k", None)
INPUT = Tokens(uncached_input=MILLION)


def bill(
    key: RateKey,
    net: str,
    list_: str,
    kind: str = "uncached_input",
    count: int = MILLION,
    at: datetime = NOW,
) -> Billed:
    """So many dollars for so many tokens."""
    return Billed(key, kind, count, Fraction(net) * MILLION, Fraction(list_) * MILLION, at)


def dollars(
    rates: EffectiveRates, key: RateKey, tokens: Tokens = INPUT, at: datetime = NOW
) -> tuple[Fraction, Fraction] | None:
    """Net and list, in dollars."""
    cost = rates.cost(key, tokens, at)
    return None if cost is None else (cost.net / MILLION, cost.list / MILLION)


def money(net: str, list_: str) -> tuple[Fraction, Fraction]:
    """Net and list, in dollars."""
    return Fraction(net), Fraction(list_)


def test_what_was_billed() -> None:
    """The rate is what was billed by what was used, whatever the price list says."""
    rates = learn_rates([bill(OPUS, "1", "3"), bill(OPUS, "2", "5")])

    assert money("1.5", "4") == dollars(rates, OPUS)


def test_each_token_type_has_its_own_rate() -> None:
    """Input and output are learned apart and added up."""
    rates = learn_rates([bill(OPUS, "3", "4"), bill(OPUS, "10", "20", "output")])

    assert money("13", "24") == dollars(rates, OPUS, Tokens(MILLION, output=MILLION))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (rate_key("claude-opus-5-5", "standard", "0-200k", "us"), money("3.3", "4.4")),
        (rate_key("claude-opus-5-5", "standard", "200k-1M", None), money("3", "4")),
        (rate_key("claude-opus-5-5", "batch", "0-200k", None), money("1.5", "2")),
        (rate_key("claude-opus-5-5", "batch", "0-200k", "us"), money("1.65", "2.2")),
    ],
)
def test_same_model(key: RateKey, expected: tuple[Fraction, Fraction]) -> None:
    """Another tier, region or window of a model costs what was billed, scaled by list prices."""
    rates = learn_rates([bill(OPUS, "3", "4")])

    assert expected == dollars(rates, key)


def test_same_tier_before_other_tiers() -> None:
    """What was billed in the same tier says more than what was billed in another."""
    batch = rate_key("claude-opus-5-5", "batch", "0-200k", "us")
    other = rate_key("claude-opus-5-5", "batch", "0-200k", None)

    rates = learn_rates([bill(OPUS, "4", "4"), bill(batch, "1.1", "2.2")])

    assert money("1", "2") == dollars(rates, other)


def test_token_type_never_billed() -> None:
    """A kind of token that was never billed has its list price, at the model's own discount."""
    rates = learn_rates([bill(OPUS, "3", "4"), bill(HAIKU, "1", "1")])

    assert money("15", "20") == dollars(rates, OPUS, Tokens(output=MILLION))


def test_model_never_billed() -> None:
    """A model that was never billed has its list price, net of the discount over everything."""
    rates = learn_rates([bill(OPUS, "3", "4")])

    assert money("0.75", "1") == dollars(rates, HAIKU)


def test_nothing_billed() -> None:
    """Without a bill the price is the list price."""
    assert money("4", "4") == dollars(learn_rates([]), OPUS)


def test_unpriced() -> None:
    """A model that is neither billed nor listed has no price, which is not 0."""
    rates = learn_rates([bill(OPUS, "3", "4")])

    assert dollars(rates, UNKNOWN) is None
    assert list_cost(UNKNOWN, INPUT, NOW) is None
    assert Cost() == rates.cost(UNKNOWN, Tokens(), NOW)


def test_unlisted_model_that_was_billed() -> None:
    """A model in no list is priced by its bill, in other tiers and token types by the usual ratios."""
    batch = rate_key("claude-next-7", "batch", "0-200k", "us")

    rates = learn_rates([bill(UNKNOWN, "3", "4")])

    assert money("3", "4") == dollars(rates, UNKNOWN)
    assert money("8.25", "11") == dollars(rates, batch, Tokens(output=MILLION))


def test_refused_usage_is_no_bill() -> None:
    """Tokens that were not billed at all, as those of refused requests, teach no rate of 0."""
    rates = learn_rates([bill(HAIKU, "0", "0"), bill(OPUS, "3", "4")])

    assert money("0.75", "1") == dollars(rates, HAIKU)


def test_free_of_charge() -> None:
    """A discount of everything is a bill: net 0, list as listed."""
    assert money("0", "4") == dollars(learn_rates([bill(OPUS, "0", "4")]), OPUS)


def test_credits_teach_nothing() -> None:
    """A bill below nothing is a correction, not a price."""
    assert money("4", "4") == dollars(learn_rates([bill(OPUS, "-1", "4")]), OPUS)


def test_a_price_that_changed() -> None:
    """What was billed before a cut prices the days after it at the cut price."""
    key = rate_key("claude-sonnet-5-5", "standard", None, None)
    before = datetime(2026, 10, 6, tzinfo=UTC)

    rates = learn_rates([bill(key, "0.10", "0.20", "cache_read", at=before)])

    reads = Tokens(cache_read=MILLION)
    assert money("0.10", "0.20") == dollars(rates, key, reads, before)
    assert money("0.05", "0.10") == dollars(rates, key, reads, before + timedelta(days=1))


def test_before_the_first_price() -> None:
    """Usage of a model before its day in the list is priced once it was billed, else not at all."""
    key = rate_key("claude-opus-5-5", "standard", None, None)
    before = datetime(2026, 9, 1, tzinfo=UTC)

    assert dollars(learn_rates([]), key, at=before) is None
    assert money("3", "4") == dollars(learn_rates([bill(key, "3", "4", at=before)]), key)


def test_web_searches() -> None:
    """Searches have a rate of their own, else the list price net of the discount."""
    search = Billed(
        rate_key(None, None, None, None), SEARCHES, 10, Fraction(90), Fraction(100), NOW
    )

    learned = learn_rates([search]).cost(HAIKU, Tokens(), NOW, 3)
    listed = learn_rates([bill(OPUS, "3", "4")]).cost(HAIKU, Tokens(), NOW, 2)

    assert Cost(Fraction(27), Fraction(30)) == learned
    assert Cost(Fraction(15_000), Fraction(20_000)) == listed


def test_words_of_both_reports() -> None:
    """The two reports name an unset window and region differently; both mean the same rate."""
    assert rate_key("claude-opus-5-5", "standard", None, "not_available") == OPUS
    assert rate_key("claude-opus-5-5-20260922", "standard", "0-200k", None) == OPUS


def test_rounding() -> None:
    """Halves go to the even side, once, at the end."""
    assert (2, 4) == round_cost(Cost(Fraction(5, 2), Fraction(7, 2)))
    assert (5, 7) == round_cost(Cost(Fraction(5, 2), Fraction(7, 2)) * 2)


KEYS = st.builds(
    rate_key,
    st.sampled_from(["claude-opus-5-5", "claude-haiku-5-5", "claude-next-7"]),
    st.sampled_from(["standard", "batch", "flex"]),
    st.sampled_from(["0-200k", "200k-1M"]),
    st.sampled_from([None, "us", "global"]),
)
ENTRIES = st.lists(
    st.builds(
        Billed,
        KEYS,
        st.sampled_from(TOKEN_TYPES),
        st.integers(1, 10**12),
        st.fractions(0, 10**9),
        st.fractions(1, 10**9),
        st.just(NOW),
    ),
    min_size=1,
    max_size=20,
)


@given(entries=ENTRIES)
def test_the_bill_is_reproduced(entries: Sequence[Billed]) -> None:
    """Priced at its own rates, everything that was billed costs exactly what was billed."""
    rates = learn_rates(entries)

    costs = [rates.cost(e.key, Tokens(**{e.kind: e.count}), NOW) for e in entries]

    assert sum(entry.net for entry in entries) == sum(cost.net for cost in costs if cost)
    assert sum(entry.list for entry in entries) == sum(cost.list for cost in costs if cost)


@given(entries=ENTRIES, key=KEYS, share=st.fractions(0, 1))
def test_one_discount_is_the_discount_of_everything(
    entries: Sequence[Billed], key: RateKey, share: Fraction
) -> None:
    """Where all is billed at one share of list, each estimate is too, whatever it falls back on."""
    same = [Billed(e.key, e.kind, e.count, e.list * share, e.list, e.at) for e in entries]

    cost = learn_rates(same).cost(key, Tokens(1, 2, 3, 4, 5), NOW)

    assert cost is None or cost.net == cost.list * share


@given(entries=ENTRIES, key=KEYS, first=st.integers(0, 10**9), second=st.integers(0, 10**9))
def test_cost_is_additive(entries: Sequence[Billed], key: RateKey, first: int, second: int) -> None:
    """Tokens together cost what they cost apart, so it does not matter how they are summed."""
    rates = learn_rates(entries)
    apart = [rates.cost(key, Tokens(output=n), NOW) for n in (first, second)]
    together = rates.cost(key, Tokens(output=first + second), NOW)

    assert None in apart or together == sum((c for c in apart if c), Cost())
