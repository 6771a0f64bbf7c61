"""Money is a whole number of micro-dollars: sums are exact and comparisons are honest."""

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import NewType

Micros = NewType("Micros", int)

ZERO = Micros(0)
MICROS_PER_CENT = 10_000
# A comma only where thousands have one: `99,90` is $99.90 to some people and never $9,990.
_AMOUNT = re.compile(
    r"\$?\s*(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?|\.\d{1,2})\s*(?P<kilo>[kK]?)",
    re.ASCII,
)
MOST_TYPED = 1_000_000_000


def micros(usd: str | int | Decimal) -> Micros:
    """Dollars to micro-dollars, rounded half-even; a float has already lost cents and is refused."""
    return _rounded(Decimal(usd) * 1_000_000)


def micros_from_cents(cents: str) -> Micros:
    """The API's amounts: a decimal string in *cents*, `"41280.000000"` is $412.80."""
    try:
        amount = Decimal(cents)
    except InvalidOperation:
        raise ValueError(f"not a decimal number: {cents!r}") from None
    if not amount.is_finite():
        raise ValueError(f"not a finite amount: {cents!r}")
    return _rounded(amount * MICROS_PER_CENT)


def parse_amount(text: str) -> Micros:
    """What a person types: `500`, `$1,500`, `1.5k`, `99.90`. Always more than 0, at most $1 billion."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise ValueError("an amount in dollars, like 500 or 1,500.00")
    number = Decimal(match["number"].replace(",", ""))
    amount = micros(number * 1000 if match["kilo"] else number)
    if not 0 < amount <= micros(MOST_TYPED):
        raise ValueError("an amount in dollars, more than $0 and at most $1,000,000,000")
    return amount


def dollars(amount: Micros) -> str:
    """For people: `$1,234.50`, the sign before the currency, whole dollars without cents."""
    cents = _cents(amount)
    text = f"{abs(cents):,.2f}"
    return f"{'-' if cents < 0 else ''}${text.removesuffix('.00')}"


def usd(amount: Micros) -> str:
    """For programs: `"15000.00"`, two decimals."""
    return f"{_cents(amount):.2f}"


def percent(part: Micros, whole: Micros) -> int:
    """Whole per cent, rounded down: 79.9 % is not 80 % yet. 0 of 0 is 0 %."""
    return part * 100 // whole if whole > 0 else (100 if part > 0 else 0)


def _cents(amount: Micros) -> Decimal:
    """Rounded to cents; plus 0 turns a negative zero into nothing."""
    return (Decimal(amount) / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_EVEN) + 0


def _rounded(amount: Decimal) -> Micros:
    return Micros(int(amount.to_integral_value(ROUND_HALF_EVEN)))
