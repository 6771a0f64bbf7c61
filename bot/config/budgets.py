"""The shape of `budgets.yaml`: which fields there are, what they mean, and what each one takes."""

from datetime import time, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    field_validator,
    model_validator,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from bot.config.enforce import EnforcePart
from bot.config.fields import (
    PEOPLE_KIND,
    PERCENT_SCHEMA,
    Channel,
    Command,
    Day,
    Duration,
    Forecast,
    Grace,
    Hours,
    Id,
    Kind,
    LeadTimes,
    Money,
    Percent,
    Person,
    PlainDuration,
    Reserve,
    Share,
    SpikeMultiple,
    Tags,
    Text,
    Threshold,
    TimeOfDay,
    Trust,
    Usergroup,
    Weekday,
    WorkspaceMatch,
    Zone,
    is_off,
    parse_threshold,
)
from bot.config.part import Part
from bot.domain.budgets import AtLimit, Funding, WhoAsks
from bot.domain.periods import Cadence
from bot.domain.policy import Basis
from bot.domain.spans import WorkingHours

MON_TO_FRI: tuple[Weekday, ...] = (0, 1, 2, 3, 4)


class ChannelsPart(Part):
    digest: Channel = Field(description="the channel of the weekly digest")
    approvals: Channel | None = Field(
        None, description="the channel where requests are shown; digest when left out"
    )
    operators: Channel | None = Field(
        None, description="hears about the bot's own trouble; digest when left out"
    )


class DigestPart(Part):
    day: Weekday = Field(0, description="a weekday, like mon")
    at: TimeOfDay = Field(time(9), description='a local time of day, like "09:00"')


class ReviewPart(Part):
    every: Literal["month", "quarter"] = "quarter"
    owner: Person = Field(description="e-mail address or Slack user id of who leads the review")


class IncreaseRequestsPart(Part):
    approvers: tuple[Text, ...] = Field(
        min_length=1, description="names of approver lists: who may decide"
    )


class OrganizationPart(Part):
    name: Text = Field(description="what the organization is called")
    timezone: Zone = Field(description="decides periods, digest and working days: Europe/Berlin")
    working_days: tuple[Weekday, ...] = Field(MON_TO_FRI, min_length=1)
    holidays: tuple[Day, ...] = Field((), description="days that are no working days")
    working_hours: Hours = Field(
        WorkingHours(), description='when people are reminded of mild stages: "09:00-18:00"'
    )
    channels: ChannelsPart = Field(description="the channels digest, approvals and operators")
    digest: DigestPart = DigestPart()
    review: ReviewPart | None = None
    increase_requests: IncreaseRequestsPart | None = Field(
        None,
        description="Claude Enterprise only: members' requests for a higher limit are decided in "
        "Slack, by {approvers: [finance]}",
    )


class CommitmentPart(Part):
    amount: Money = Field(description="dollars committed over the whole term")
    starts: Day = Field(description="the first day, like 2026-07-01")
    ends: Day = Field(description="the last day, like 2027-06-30")
    reserve: Reserve = Field(0, description="the share that is not given to budgets")


_OF_PEOPLE = frozenset({"kind", "every", "lookback", "workspace"})


class SourcePart(Part):
    kind: Kind = Field(
        description="where usage is read: anthropic, usage_report, litellm or mlflow; "
        "or who used a shared key: claude_code"
    )
    every: PlainDuration = Field(timedelta(minutes=1), description="how often it is read")
    lookback: PlainDuration = Field(
        timedelta(hours=48), description="how far back each time, so that late figures heal"
    )
    stale_after: PlainDuration = Field(
        timedelta(hours=6), description="figures older than this count as blind"
    )
    history: PlainDuration = Field(
        timedelta(days=92), description="how much of the past is read when the bot first starts"
    )
    revised_for: PlainDuration = Field(
        timedelta(days=30), description="for how long figures may change; read again every 6 hours"
    )
    workspace: Text | None = Field(
        None, description="claude_code only: the shared workspace, id or name, may be a glob"
    )

    @model_validator(mode="before")
    @classmethod
    def _people_have_their_own_defaults(cls, raw: object) -> object:
        """Who used what is told late and by the day, so a minute's rhythm would ask in vain."""
        if isinstance(raw, dict) and raw.get("kind") == PEOPLE_KIND:
            return {"every": "15m", "lookback": "3d", "workspace": "Claude Code", **raw}
        return raw

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "SourcePart":
        if self.kind != PEOPLE_KIND and self.workspace is not None:
            raise ValueError(
                f"only kind {PEOPLE_KIND} takes a workspace; remove it, "
                "and name workspaces in the match of a budget"
            )
        needless = sorted(self.model_fields_set - _OF_PEOPLE) if self.kind == PEOPLE_KIND else []
        if needless:
            raise ValueError(f"kind {PEOPLE_KIND} reports no dollars; remove {', '.join(needless)}")
        return self


class ApproverPart(Part):
    people: tuple[Person, ...] = ()
    usergroup: Usergroup | None = Field(None, description="the id of a Slack user group")


class StagePart(Part):
    """A stage, written as a share of the limit alone (`80%`) or with its rule of time."""

    share: Threshold | None = Field(None, description="per cent of the limit that is spent")

    @model_validator(mode="before")
    @classmethod
    def _a_share_alone(cls, raw: object) -> object:
        return raw if isinstance(raw, dict | BaseModel) else {"share": parse_threshold(raw)}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [PERCENT_SCHEMA, handler(schema)]}


class LookPart(StagePart):
    forecast: Forecast | None = Field(
        None, description="per cent of the limit that the period is forecast to exceed, or off"
    )


class LeadTimesPart(StagePart):
    lead_times: LeadTimes | None = Field(
        None, description="so many lead times before the limit is reached, 1 to 10, or off"
    )


class SpikePart(Part):
    """What is told as a spike, or `off`."""

    multiple: SpikeMultiple | None = Field(
        None, description="an hour costs so many times what it usually does, 2 to 100"
    )
    minimum: Money | None = Field(
        None, description="dollars above the usual, below which nobody is told"
    )
    off: bool = False

    @model_validator(mode="before")
    @classmethod
    def _off_alone(cls, raw: object) -> object:
        return {"off": True} if is_off(raw) else raw


class ThresholdsPart(Part):
    look: LookPart | None = None
    respond: LeadTimesPart | None = None
    intervene: LeadTimesPart | None = None
    spike: SpikePart | None = Field(
        None, description="hours far dearer than usual: {multiple, minimum}, or off"
    )
    trust_forecast_after: Trust | None = Field(
        None,
        description="days of a budget's own history after which a share of the limit does not count "
        "while the forecast (P80) stays below it; off: shares always count",
    )


class AnswerWithinPart(Part):
    look: Duration | None = None
    respond: Duration | None = None
    intervene: Duration | None = None


class RoutePart(Part):
    up_to: Percent | None = Field(None, description="per cent of the allocation; none: any size")
    approvers: tuple[Text, ...] = Field(
        min_length=1, description="names of approver lists, or owner"
    )
    both: Annotated[bool, Field(strict=True)] = Field(
        False, description="one from each of the two lists must approve"
    )


class BreakGlassPart(Part):
    max_percent: Percent | None = Field(None, description="per cent of the allocation")
    max_term: PlainDuration | None = Field(None, description="the longest, like 24h")


class OveragePart(Part):
    max_percent: Percent | None = None
    max_term: Duration | None = None
    expires_after: Duration | None = Field(None, description="a request nobody decides")
    remind_after: PlainDuration | None = Field(
        None, description="those who decide are reminded, then after twice as long, and so on"
    )
    ask: WhoAsks | None = Field(None, description="who may ask: owner, team or anyone")
    funding: tuple[Funding, ...] | None = Field(
        None, min_length=1, description="where the dollars may come from"
    )
    break_glass: BreakGlassPart | None = Field(
        None, description="what the owner of a critical budget may grant themselves"
    )
    routes: tuple[RoutePart, ...] | None = Field(None, min_length=1)


class RulesPart(Part):
    """What a budget takes from `defaults` when it does not say otherwise, field by field."""

    period: Cadence | None = None
    lead_time: Duration | None = Field(None, description="how long a team needs to change course")
    thresholds: ThresholdsPart | None = None
    answer_within: AnswerWithinPart | None = None
    at_limit: AtLimit | None = None
    grace: Grace | None = Field(
        None, description="time between reaching the limit and the response to it, like 2h"
    )
    overage: OveragePart | None = None
    enforce: EnforcePart | None = Field(
        None, description="where the limit is held: the webhook, litellm, mlflow, anthropic"
    )


class MatchPart(Part):
    """Everything that is named must hold."""

    workspace: WorkspaceMatch | None = None
    api_key: Text | None = None
    actor: Text | None = None
    model: Text | None = None
    product: Text | None = None
    tier: Text | None = Field(None, description="service tier: standard, batch, priority …")
    team: Text | None = Field(None, description="the team, as a gateway knows it")
    tags: Tags | None = Field(None, description="tags of the request, like {feature: search}")

    @model_validator(mode="after")
    def _names_something(self) -> "MatchPart":
        if not self.model_fields_set:
            raise ValueError("would match everything; name a workspace, api_key, actor or model")
        return self


class BudgetEntry(RulesPart):
    id: Id = Field(description="stable, in lower case, like search")
    name: Text | None = Field(None, description="shown to people; the id when left out")
    parent: Text | None = Field(None, description="the id of the budget it counts towards")
    owner: Person = Field(description="e-mail address or Slack user id of who answers for it")
    backup: Person | None = None
    channel: Channel | None = None
    timezone: Zone | None = Field(None, description="when it differs from the organization's")
    limit: Money = Field(description="dollars per period, like 12000")
    critical: Annotated[bool, Field(strict=True)] = Field(
        False, description="its owner may break the glass, within `overage.break_glass`"
    )
    team: ApproverPart | None = Field(
        None, description="who may ask where `overage.ask` is team: people, or a user group"
    )
    match: tuple[MatchPart, ...] = ()


class SplitEntry(Part):
    id: Id = Field(description="stable, in lower case, like shared-gateway")
    name: Text | None = None
    split: dict[str, Share] = Field(
        min_length=1, description="budgets and their shares, which sum to 100%"
    )
    match: tuple[MatchPart, ...] = Field(min_length=1, description="the rows that it divides")


def _kind_of(entry: object) -> str:
    if isinstance(entry, BaseModel):
        return "split" if isinstance(entry, SplitEntry) else "budget"
    return "split" if isinstance(entry, dict) and "split" in entry else "budget"


Entry = Annotated[
    Annotated[BudgetEntry, Tag("budget")] | Annotated[SplitEntry, Tag("split")],
    Discriminator(_kind_of),
]


class UnattributedPart(Part):
    owner: Person = Field(description="e-mail address or Slack user id of who looks after the rest")


class PolicyFile(Part):
    organization: OrganizationPart = Field(description="name, timezone, channels")
    command: Command = "/budget"
    basis: Basis = Field(Basis.NET, description="net (after discounts) or list")
    commitment: CommitmentPart | None = None
    sources: tuple[SourcePart, ...] = (SourcePart(kind="anthropic"),)
    approvers: dict[str, ApproverPart] = Field({}, description="people who may decide, by list")
    defaults: RulesPart = RulesPart()
    unattributed: UnattributedPart = Field(
        description="{owner: finops@example.com}, who looks after what no rule claims"
    )
    budgets: tuple[Entry, ...] = Field(min_length=1, description="a list of at least one budget")

    @field_validator("sources")
    @classmethod
    def _dollars_come_from_somewhere(cls, sources: tuple[SourcePart, ...]) -> object:
        if sources and all(source.kind == PEOPLE_KIND for source in sources):
            raise ValueError(
                f"{PEOPLE_KIND} only says who used what; "
                "add a source of dollars, like {kind: anthropic}"
            )
        return sources


class _Schema(GenerateJsonSchema):
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        # "default: null" would only say that the field may be left out; and Python values such as
        # a timedelta are not what an editor should offer.
        return self.generate_inner(schema["schema"])


def json_schema() -> dict[str, Any]:
    """JSON Schema of `budgets.yaml`, for editors."""
    schema = PolicyFile.model_json_schema(schema_generator=_Schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "budgets.yaml",
    }
