"""A gateway's JSON: dollars come as JSON numbers and are read as decimals, never as floats."""

import json
from decimal import Decimal
from typing import Annotated, NoReturn, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.clients.usage.errors import SourceDataError

# More than any invoice; beyond it the ledger's whole micro-dollars would overflow.
_MOST_DOLLARS = Decimal(10) ** 12


def _check_dollars(value: object) -> Decimal:
    """A number as it stood in the text: a string, a bool or null is not one."""
    if type(value) not in {int, Decimal}:
        raise ValueError("not a JSON number of dollars")
    amount = Decimal(value)  # type: ignore[arg-type] # an int or a Decimal
    if not amount.is_finite() or not 0 <= amount <= _MOST_DOLLARS:
        raise ValueError("not a plausible number of dollars")
    return amount


Dollars = Annotated[Decimal, BeforeValidator(_check_dollars)]
Count = Annotated[int, Field(ge=0, lt=2**62)]


class Answer(BaseModel):
    """Only the fields that are used, and strict about those."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


AnyAnswer = TypeVar("AnyAnswer", bound=Answer)


def parse_answer(kind: type[AnyAnswer], body: bytes, path: str) -> AnyAnswer:
    """The answer, or an error that names the first field that is not as documented."""
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError):
        raise SourceDataError(f"{path}: the answer is not JSON") from None
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:200] or "body"
        raise SourceDataError(f"{path}: {where}: {first['msg']}") from None


def read_message(body: bytes) -> str:
    """
    What an error answer says, on one line; empty when a proxy in between answered.

    Gateways know `{"error": {"message": …}}`, `{"error": …}`, `{"detail": …}`, `{"message": …}`.
    """
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    for _ in range(3):
        if not isinstance(found, dict):
            break
        found = next((found[n] for n in ("error", "detail", "message") if n in found), None)
    return " ".join(found.split()) if isinstance(found, str) else ""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
