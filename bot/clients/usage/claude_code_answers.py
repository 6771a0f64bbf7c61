"""The answers of the Claude Code report: what each person or key used on a UTC day, by model."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator

from bot.clients.usage.http_json import Answer, Count

# More than any invoice; beyond it the weights of a day would overflow in the database.
_MOST_CENTS = Decimal(10) ** 12


def _check_cents(value: object) -> Decimal:
    """A number as it stood in the text: elsewhere cents are text, here a text is not documented."""
    if type(value) not in {int, Decimal}:
        raise ValueError("not a JSON number of cents")
    amount = Decimal(value)  # type: ignore[arg-type] # an int or a Decimal
    if not amount.is_finite() or not 0 <= amount <= _MOST_CENTS:
        raise ValueError("not a plausible number of cents")
    return amount


def _read_moment(value: object) -> object:
    """Described as a bare date, and shown with a time: both are taken, as UTC."""
    if not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Cents = Annotated[Decimal, BeforeValidator(_check_cents)]
Moment = Annotated[AwareDatetime, BeforeValidator(_read_moment)]


class WhoUsed(Answer):
    """A `user_actor` with an address, or an `api_actor`: a key, of which only the name is told."""

    type: str
    email_address: str | None = None

    @model_validator(mode="after")
    def _check_address(self) -> Self:
        if self.type == "user_actor" and "email_address" not in self.model_fields_set:
            raise ValueError("a user_actor without email_address")
        return self

    @property
    def person(self) -> str:
        """The address in lower case; empty for a key, and for an account that lost its address."""
        known = self.email_address if self.type == "user_actor" else None
        return (known or "").strip().lower()


class TokenCounts(Answer):
    input: Count
    output: Count
    cache_read: Count
    cache_creation: Count

    @property
    def total(self) -> int:
        return self.input + self.output + self.cache_read + self.cache_creation


class EstimatedCost(Answer):
    amount: Cents
    currency: Literal["USD"]


class ModelUse(Answer):
    model: Annotated[str, Field(min_length=1)]
    tokens: TokenCounts
    estimated_cost: EstimatedCost


class DayOfUse(Answer):
    """One of possibly several records of a person's day: there is one for each terminal."""

    date: Moment
    actor: WhoUsed
    customer_type: str
    model_breakdown: list[ModelUse]


class DayPage(Answer):
    data: list[DayOfUse]
    has_more: bool
    next_page: str | None = None

    @model_validator(mode="after")
    def _check_cursor(self) -> Self:
        if self.has_more and not self.next_page:
            raise ValueError("has_more is true, but next_page is not there")
        return self

    def following(self) -> tuple[str, str] | None:
        return ("page", self.next_page) if self.has_more and self.next_page else None
