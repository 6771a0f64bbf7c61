"""Money: whole micro-dollars, read strictly and written for people."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.money import (
    Micros,
    dollars,
    micros,
    micros_from_cents,
    parse_amount,
    percent,
    usd,
)

BILLION = 10**9
CENTS = st.integers(min_value=1, max_value=BILLION * 100)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("500", "500"),
        ("$1,500", "1500"),
        ("1.5k", "1500"),
        ("1.5 K", "1500"),
        ("99.90", "99.90"),
        (" $ 20 ", "20"),
        (".50", "0.50"),
        ("0.01", "0.01"),
        ("1,234,567.89", "1234567.89"),
        ("1,000k", "1000000"),
        ("007", "7"),
        ("1,000,000,000", "1000000000"),
    ],
)
def test_what_people_type_is_understood(typed: str, amount: str) -> None:
    """A dollar sign, commas for thousands, cents and k are all ways to write an amount."""
    assert micros(amount) == parse_amount(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "abc",
        "-5",
        "0",
        "$0.00",
        "1.234",
        "1e3",
        "NaN",
        "Infinity",
        "5 000",
        "500 dollars",
        "500€",
        "1_000",
        "\N{ARABIC-INDIC DIGIT FIVE}00",
        "²",
        "5m",
        "1,000,000,000.01",
        "1,000,001k",
        "9" * 5_000,
    ],
)
def test_what_is_no_amount_is_refused(typed: str) -> None:
    """Nothing is guessed, and nothing that is too large breaks it."""
    with pytest.raises(ValueError, match="an amount in dollars"):
        parse_amount(typed)


@pytest.mark.parametrize("typed", ["99,90", "1,5", "1,5k", "1,50", ",500", "1,,000", "10,00.00"])
def test_a_comma_is_never_a_decimal_point(typed: str) -> None:
    """Where a comma marks the cents, 99,90 must not become a request for $9,990."""
    with pytest.raises(ValueError, match="an amount in dollars"):
        parse_amount(typed)


@given(CENTS)
def test_an_amount_survives_writing_and_reading(cents: int) -> None:
    """What the bot writes for people and for programs is what it reads back, to the cent."""
    amount = Micros(cents * 10_000)

    assert amount == parse_amount(dollars(amount))
    assert amount == parse_amount(usd(amount))
    assert amount == micros(usd(amount))
    assert amount == micros_from_cents(f"{cents}.000000")


@given(st.text(max_size=30))
def test_reading_an_amount_answers_or_refuses(typed: str) -> None:
    """Whatever is typed, the answer is an amount of more than nothing or a ValueError."""
    try:
        amount = parse_amount(typed)
    except ValueError:
        return
    assert 0 < amount <= micros(BILLION)


@pytest.mark.parametrize(
    ("cents", "amount"),
    [
        ("41280.000000", Micros(412_800_000)),
        ("0", Micros(0)),
        ("0.00005", Micros(0)),  # half a micro-dollar rounds to even
        ("0.00015", Micros(2)),
        ("-100", Micros(-1_000_000)),
    ],
)
def test_the_source_reports_cents(cents: str, amount: Micros) -> None:
    """A decimal string in cents becomes micro-dollars, rounded half-even once."""
    assert amount == micros_from_cents(cents)


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "-Infinity", "1,000"])
def test_an_amount_that_is_no_number_is_refused(text: str) -> None:
    """A source that reports nonsense is an error, not a zero."""
    with pytest.raises(ValueError, match="not a"):
        micros_from_cents(text)


@pytest.mark.parametrize(
    ("amount", "read", "machine"),
    [
        ("0", "$0", "0.00"),
        ("1234.5", "$1,234.50", "1234.50"),
        ("-5", "-$5", "-5.00"),
        ("12000", "$12,000", "12000.00"),
        ("0.005", "$0", "0.00"),  # half a cent rounds to even
        ("0.015", "$0.02", "0.02"),
        ("-0.001", "$0", "0.00"),  # no minus before nothing
        (str(BILLION), "$1,000,000,000", "1000000000.00"),
    ],
)
def test_amounts_are_written_for_people_and_for_programs(
    amount: str, read: str, machine: str
) -> None:
    """The sign stands before the currency, and whole dollars need no cents."""
    assert (read, machine) == (dollars(micros(amount)), usd(micros(amount)))


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        ("79.999999", "100", 79),
        ("80", "100", 80),
        ("0", "100", 0),
        ("250", "100", 250),
        ("0", "0", 0),
        ("1", "0", 100),
        ("2", "3", 66),
    ],
)
def test_a_per_cent_is_rounded_down(part: str, whole: str, expected: int) -> None:
    """A threshold that is not reached never reads as if it were."""
    assert expected == percent(micros(part), micros(whole))


@given(st.decimals(min_value=-BILLION, max_value=BILLION, places=6))
def test_six_decimals_are_exact(amount: Decimal) -> None:
    """A micro-dollar is the smallest amount there is, and none gets lost."""
    assert amount == Decimal(micros(amount)) / 1_000_000
