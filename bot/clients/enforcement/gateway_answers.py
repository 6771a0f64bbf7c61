"""What gateways answer about limits, with only the fields that are used."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.clients.usage.http_json import Answer, Count

_MOST = Decimal(10) ** 18


def _check_amount(value: object) -> Decimal | None:
    """Anything that somebody may have set by hand, null and less than nothing among it."""
    if value is None:
        return None
    if type(value) not in {int, Decimal}:
        raise ValueError("not a JSON number of dollars")
    amount = Decimal(value)  # type: ignore[arg-type] # an int or a Decimal
    if not amount.is_finite() or abs(amount) > _MOST:
        raise ValueError("not a plausible number of dollars")
    return amount


# Never a default: that it is not told is not that it is null.
Amount = Annotated[Decimal | None, BeforeValidator(_check_amount)]
Sure = Annotated[Decimal, BeforeValidator(_check_amount)]


class TeamLimit(Answer):
    team_id: str
    max_budget: Amount
    spend: Amount = None
    budget_duration: str | None = None
    budget_reset_at: str | None = None
    blocked: bool | None = None


class TeamInfo(Answer):
    team_info: TeamLimit


class KeyLimit(Answer):
    max_budget: Amount
    blocked: bool | None = None
    key_alias: str | None = None
    budget_duration: str | None = None
    spend: Amount = None
    deleted_at: str | None = None  # the archive answers for a key that is gone


class KeyInfo(Answer):
    info: KeyLimit


class ListedKey(Answer):
    token: str
    key_alias: str | None = None


class KeyList(Answer):
    keys: list[ListedKey]


class TeamCount(Answer):
    total: Count


class PolicyLimit(Answer):
    budget_policy_id: str
    budget_unit: str
    budget_amount: Sure
    budget_action: str


class PolicyAnswer(Answer):
    budget_policy: PolicyLimit


class PolicyList(Answer):
    """MLflow leaves out a list without an entry."""

    budget_policies: list[PolicyLimit] = Field(default_factory=list)
    next_page_token: str | None = None
