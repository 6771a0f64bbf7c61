"""The API's answers, with only the fields that are used, and strict about those."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
)

from bot.clients.usage.errors import SourceDataError

# More than any invoice; beyond it the ledger's whole micro-dollars would overflow.
_MOST_CENTS = Decimal(10) ** 14


def _check_amount(text: str) -> str:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a decimal number of cents") from None
    if not amount.is_finite() or abs(amount) > _MOST_CENTS:
        raise ValueError("not a plausible number of cents")
    return text


Cents = Annotated[str, Field(max_length=64), AfterValidator(_check_amount)]
Count = Annotated[int, Field(ge=0, lt=2**62)]


class Answer(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class Group(Answer):
    """Null and missing differ: a dimension that was asked for is always there."""

    workspace_id: str | None
    api_key_id: str | None
    actor: dict[str, JsonValue] | None
    model: str | None
    product: str | None


class Cost(Answer):
    amount: Cents
    list_amount: Cents
    currency: Literal["USD"]
    requests: Count | None = None


class CacheCreation(Answer):
    ephemeral_1h_input_tokens: Count
    ephemeral_5m_input_tokens: Count


class Usage(Answer):
    uncached_input_tokens: Count
    cache_creation: CacheCreation
    cache_read_input_tokens: Count
    output_tokens: Count
    requests: Count | None = None


class CostRow(Answer):
    starting_at: AwareDatetime
    ending_at: AwareDatetime
    group: Group
    cost: Cost


class UsageRow(Answer):
    starting_at: AwareDatetime
    ending_at: AwareDatetime
    group: Group
    usage: Usage


class ReportPage(Answer):
    has_more: bool | None = None
    next_page: str | None = None
    data_refreshed_at: AwareDatetime | None = None

    def following(self) -> tuple[str, str] | None:
        """The parameter that asks for the next page, None after the last."""
        return ("page", self.next_page) if self.next_page and self.has_more is not False else None


class CostPage(ReportPage):
    data: list[CostRow]


class UsagePage(ReportPage):
    data: list[UsageRow]


class ServerTools(Answer):
    web_search_requests: Count


class UsageWithSearches(Usage):
    server_tool_use: ServerTools


class WorkspaceItem(Answer):
    id: str
    name: str
    tags: dict[str, str] = Field(default_factory=dict)


class Scope(Answer):
    workspace_id: str | None = None


class ApiKeyItem(Answer):
    id: str
    name: str
    scope: Scope


class ListPage(Answer):
    has_more: bool | None = None
    last_id: str | None = None

    def following(self) -> tuple[str, str] | None:
        return ("after_id", self.last_id) if self.last_id and self.has_more else None


class WorkspacePage(ListPage):
    data: list[WorkspaceItem]


class ApiKeyPage(ListPage):
    data: list[ApiKeyItem]


class OrganizationAnswer(Answer):
    id: str
    name: str


AnyAnswer = TypeVar("AnyAnswer", bound=Answer)


def parse_answer(kind: type[AnyAnswer], body: bytes, path: str) -> AnyAnswer:
    """The answer, or an error that names the first row and field that is not as documented."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise SourceDataError(f"{path}: {_locate(error)}") from None


def _locate(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = first["loc"]
    if len(where) >= 2 and where[0] == "data":
        field = ".".join(str(part) for part in where[2:])
        return f"row {where[1]}, {field or 'row'}: {first['msg']}"
    return f"{'.'.join(str(part) for part in where) or 'body'}: {first['msg']}"
