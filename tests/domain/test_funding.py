"""Where dollars may come from: the reserve while it has room, else the commitment, or a transfer."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from bot.domain.budgets import BudgetId, BudgetTree, Funding
from bot.domain.errors import UserError
from bot.domain.funding import (
    NOTHING,
    Reserve,
    Sources,
    choice_of,
    could_give,
    default_funding,
    funded,
    reserve_of,
    term_of,
)
from bot.domain.money import micros
from bot.domain.overages import FundedBy
from bot.domain.policy import Commitment
from tests.domain.values import BUDGET, NEW_YORK

ALL = tuple(Funding)
GROWTH = replace(BUDGET, id=BudgetId("growth"), name="Growth")
RESERVE = Reserve(micros("60"), micros("52"))
EMPTY = Reserve(micros("60"), micros("0"))
FROM_RESERVE = FundedBy(Funding.RESERVE)
OVERAGE = FundedBy(Funding.COMMITMENT)
FROM_GROWTH = FundedBy(Funding.TRANSFER, GROWTH.id)
YEAR = Commitment(micros("1200000"), date(2026, 7, 1), date(2027, 6, 30), 5)


def sources(
    reserve: Reserve | None = RESERVE, allowed: tuple[Funding, ...] = ALL, room: str = "30"
) -> Sources:
    """What may be chosen; Growth has room to give."""
    return Sources(allowed, reserve, ((GROWTH, micros(room)),))


def test_the_reserve_is_a_share_of_the_commitment_less_what_was_taken() -> None:
    """It never is below nothing."""
    assert Reserve(micros("60000"), micros("52000")) == reserve_of(YEAR, micros("8000"))
    assert micros("0") == reserve_of(YEAR, micros("70000")).left


def test_a_commitment_holds_from_its_first_day_to_the_end_of_its_last() -> None:
    """By the organization's clocks."""
    starts_at, ends_at = term_of(YEAR, NEW_YORK)

    assert datetime(2026, 7, 1, 4, tzinfo=UTC) == starts_at
    assert datetime(2027, 7, 1, 4, tzinfo=UTC) == ends_at


@pytest.mark.parametrize(
    ("given", "amount", "expected"),
    [
        (sources(), "52", FROM_RESERVE),
        (sources(), "52.01", OVERAGE),
        (sources(EMPTY), "1", OVERAGE),
        (sources(None), "1", None),
        (sources(allowed=(Funding.COMMITMENT,)), "1", OVERAGE),
        (sources(allowed=(Funding.TRANSFER, Funding.RESERVE)), "52", FROM_RESERVE),
    ],
)
def test_without_a_choice(given: Sources, amount: str, expected: FundedBy | None) -> None:
    """The reserve while it has room, else the commitment; without one there is nothing to say."""
    assert expected == default_funding(given, micros(amount))


@pytest.mark.parametrize(
    ("choice", "given", "expected"),
    [
        ("", sources(), FROM_RESERVE),
        ("reserve", sources(), FROM_RESERVE),
        ("commitment", sources(), OVERAGE),
        ("transfer:growth", sources(), FROM_GROWTH),
        ("transfer:growth", sources(None), FROM_GROWTH),
        (NOTHING, sources(None), None),
    ],
)
def test_a_choice(choice: str, given: Sources, expected: FundedBy | None) -> None:
    """It is read as the form has it, and written the same way."""
    found = funded(choice, given, micros("20"))

    assert expected == found
    assert choice in {"", choice_of(found)}


@pytest.mark.parametrize(
    ("choice", "given", "amount", "part"),
    [
        ("reserve", sources(), "53", "The reserve has $52 of $60 left"),
        ("reserve", sources(None), "1", "The policy does not allow this"),
        ("commitment", sources(None), "1", "The policy does not allow this"),
        ("commitment", sources(allowed=(Funding.RESERVE,)), "1", "does not allow this"),
        (NOTHING, sources(), "1", "does not allow this"),
        (NOTHING, sources(None, (Funding.TRANSFER,)), "1", "does not allow this"),
        ("bank", sources(), "1", "does not allow this"),
        ("transfer:growth", sources(), "30.01", "Growth has $30 left"),
        ("transfer:search", sources(), "1", "cannot give anything"),
        ("transfer:growth", sources(allowed=(Funding.RESERVE,)), "1", "does not allow this"),
        ("", sources(allowed=(Funding.TRANSFER,)), "1", "allows only a transfer"),
        ("", sources(allowed=(Funding.RESERVE,)), "53", "The reserve has $52 of $60 left"),
    ],
)
def test_a_choice_that_does_not_do(choice: str, given: Sources, amount: str, part: str) -> None:
    """It is said beside the field, with what is there."""
    with pytest.raises(UserError, match=part.replace("$", r"\$")) as refused:
        funded(choice, given, micros(amount))

    assert "funding" == refused.value.field


def test_neither_itself_nor_what_is_above_or_below_can_give() -> None:
    """They share its spend: moving dollars between them moves nothing."""
    above = replace(BUDGET, id=BudgetId("platform"))
    asking = replace(BUDGET, parent=above.id)
    below = replace(BUDGET, id=BudgetId("reranker"), parent=asking.id)
    beside = replace(GROWTH, parent=above.id)
    tree = BudgetTree({b.id: b for b in (above, asking, below, beside)})

    assert [beside.id] == [b.id for b in tree if could_give(tree, asking.id, b.id)]
