"""MLflow's answers: budget policies and their windows, with only the fields that are used."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.clients.usage.http_json import Answer, Dollars

# 9999-12-31: later moments have no datetime
Moment = Annotated[int, Field(ge=0, lt=253_402_214_400_000)]  # milliseconds since 1970, UTC
Id = Annotated[str, Field(min_length=1)]


class Policy(Answer):
    budget_policy_id: Id
    budget_unit: Literal["USD"]
    target_scope: str
    target_value: str | None = None

    @property
    def target(self) -> str:
        """Whose spend it counts; a policy has no name of its own."""
        return self.target_value or self.budget_policy_id


class PolicyPage(Answer):
    budget_policies: list[Policy] = Field(default_factory=list)
    next_page_token: str | None = None


class PolicyWindow(Answer):
    """Every field is required: a spend that is not told is not a spend of 0."""

    budget_policy_id: Id
    window_start_ms: Moment
    window_end_ms: Moment
    current_spend: Dollars

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.window_end_ms <= self.window_start_ms:
            raise ValueError("the window ends before it starts")
        return self


class Windows(Answer):
    windows: list[PolicyWindow] = Field(default_factory=list)
