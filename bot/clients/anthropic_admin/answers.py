"""The Admin API's answers about keys, workspaces, people and limits; only what is used."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from bot.clients.usage.answers import Answer, Count, ListPage, ReportPage, Scope

# Whole cents; 14 digits are more than any limit, and what a database holds in micro-dollars.
WholeCents = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,14}$")]
REQUESTS = "requests_per_minute"


class KeyAnswer(Answer):
    id: str
    name: str
    status: str
    partial_key_hint: str | None = None
    scope: Scope


class KeyPage(ListPage):
    data: list[KeyAnswer]


class WorkspaceAnswer(Answer):
    id: str
    name: str
    archived_at: AwareDatetime | None = None


class WorkspacePage(ListPage):
    data: list[WorkspaceAnswer]


class UserAnswer(Answer):
    id: str
    email: str | None = None


class UserPage(ListPage):
    data: list[UserAnswer]


class RateSource(Answer):
    type: str


class RateValue(Answer):
    type: str
    value: Count
    org_limit: Count | None = None
    source: RateSource


class RateGroup(Answer):
    type: str
    display_name: str = ""  # only groups of models have one


class RateAnswer(Answer):
    rate_limit_id: str
    group: RateGroup
    limits: list[RateValue]

    def requests(self) -> RateValue | None:
        """Requests per minute, None where the group is not limited by them."""
        return next((limit for limit in self.limits if limit.type == REQUESTS), None)


class RatePage(ReportPage):
    data: list[RateAnswer]


class LimitScope(Answer):
    type: str
    workspace_id: str | None = None
    user_id: str | None = None


class SpendLimitAnswer(Answer):
    id: str
    amount: WholeCents | None
    currency: str
    period: str
    scope: LimitScope


class SpendLimitPage(ReportPage):
    data: list[SpendLimitAnswer]


class EffectiveAnswer(Answer):
    """What holds for a member, and where it comes from."""

    amount: WholeCents | None
    currency: str
    period: str
    scope: LimitScope
    source: LimitScope


class EffectivePage(ReportPage):
    data: list[EffectiveAnswer]


class OrganizationAnswer(Answer):
    name: str = Field(max_length=300)


class Written(Answer):
    """The entry as it is after a write; it is read back all the same, so no field is needed."""
