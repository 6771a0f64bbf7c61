"""LiteLLM's answers: teams and daily activity, with only the fields that are used."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from bot.clients.usage.http_json import Answer, Count, Dollars


class Team(Answer):
    team_id: Annotated[str, Field(pattern=r"^[^,]+$")]  # a comma would ask for two teams
    team_alias: str | None = None
    deleted_at: str | None = None

    @property
    def name(self) -> str:
        return self.team_alias or self.team_id


class TeamPage(Answer):
    teams: list[Team]
    total: Count
    page: Count
    total_pages: Count


class Metrics(Answer):
    """LiteLLM fills in zeros for what it has not counted, so nothing here is required."""

    spend: Dollars = Decimal(0)
    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    cache_read_input_tokens: Count = 0
    cache_creation_input_tokens: Count = 0
    api_requests: Count = 0


class DayMetrics(Metrics):
    """The day's own total, without which nothing can be checked."""

    spend: Dollars


class KeyMetadata(Answer):
    key_alias: str | None = None
    user_id: str | None = None


class KeyActivity(Answer):
    metrics: Metrics
    metadata: KeyMetadata = Field(default_factory=KeyMetadata)


class ModelActivity(Answer):
    api_key_breakdown: dict[str, KeyActivity] = Field(default_factory=dict)


class Breakdown(Answer):
    """`models` alone: model_groups, providers and entities hold the same spend once more."""

    models: dict[str, ModelActivity] = Field(default_factory=dict)


class Day(Answer):
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    metrics: DayMetrics
    breakdown: Breakdown = Field(default_factory=Breakdown)


class Paging(Answer):
    total_pages: Count = 1
    has_more: bool = False


class ActivityPage(Answer):
    results: list[Day]
    metadata: Paging = Field(default_factory=Paging)
