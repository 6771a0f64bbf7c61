"""Every table. Rows stay inside `store`; queries take and return domain values."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, UniqueConstraint, text
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention

# SQLite numbers rows by itself only in a column that is declared INTEGER.
BIG_ID: Any = BigInteger().with_variant(Integer, "sqlite")


def _micros() -> Any:
    return Field(sa_type=BigInteger)


def _json(*, optional: bool = False) -> Any:
    default: dict[str, Any] = {"default": None} if optional else {"default_factory": dict}
    return Field(sa_column=Column(JSON, nullable=optional), **default)


class ChargeRow(SQLModel, table=True):
    """The ledger: a usage row, or a share of one, on the budget it landed on."""

    __tablename__ = "charge"
    __table_args__ = (
        Index("ix_charge_budget_starts_at", "budget", "starts_at"),
        Index("ix_charge_source_starts_at", "source", "starts_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG_ID)
    source: str
    budget: str
    starts_at: datetime
    ends_at: datetime
    workspace_id: str | None = None
    api_key_id: str | None = None
    actor_kind: str | None = None
    actor_id: str | None = None
    actor_email: str | None = None
    actor_name: str | None = None
    model: str | None = None
    product: str | None = None
    net: int = _micros()
    list: int = _micros()
    uncached_input: int = _micros()
    cache_read: int = _micros()
    cache_creation_5m: int = _micros()
    cache_creation_1h: int = _micros()
    output: int = _micros()
    requests: int = _micros()
    service_tier: str | None = None
    team: str | None = None
    tags: dict[str, str] | None = _json(optional=True)
    estimated: bool = False
    row_id: str | None = None
    compacted: bool = False  # a day of hours in one


class PolicyRow(SQLModel, table=True):
    """Every policy that was in force, and the rules it attributed by."""

    __tablename__ = "policy"

    id: int | None = Field(default=None, primary_key=True)
    version: str
    rules: str
    budgets: dict[str, str] = _json()  # id to name
    applied_at: datetime


class PushedRow(SQLModel, table=True):
    """The rows that gateways have pushed, by the id they gave them: a second time adds nothing."""

    __tablename__ = "pushed_row"

    source: str = Field(primary_key=True)
    row_id: str = Field(primary_key=True)
    at: datetime


class SourceRow(SQLModel, table=True):
    """How a usage source is doing: what was read, as of when, and whether we are blind."""

    __tablename__ = "source"

    name: str = Field(primary_key=True)
    covered_from: datetime | None = None
    polled_at: datetime | None = None
    ok_at: datetime | None = None
    refreshed_at: datetime | None = None
    estimated_until: datetime | None = None  # what we priced ourselves goes on to here
    full_read_at: datetime | None = None  # the whole look-back, not only its newest hours
    full_read_rows: int = 0
    looked_back_at: datetime | None = None  # the slow second pass over the last weeks
    compacted_to: datetime | None = None  # before it, days are kept as one
    names_read_at: datetime | None = None
    blind_since: datetime | None = None
    blind_reason: str | None = None


class NameRow(SQLModel, table=True):
    """Names and tags behind a source's ids."""

    __tablename__ = "usage_name"

    source: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)  # workspace | api_key | actor
    id: str = Field(primary_key=True, index=True)
    name: str
    workspace_id: str | None = None
    email: str | None = None
    tags: dict[str, str] = _json()


class SpendRow(SQLModel, table=True):
    """
    What a budget's own charges of one source sum to from the start of a period.

    A memo of the ledger: worked out again when its charges change, never added to. A row without a
    source says that the budget was worked out, whatever it spent.
    """

    __tablename__ = "budget_spend"

    starts_at: datetime = Field(primary_key=True)
    budget: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    net: int = _micros()
    list: int = _micros()
    estimated_net: int = _micros()
    estimated_list: int = _micros()
    worked_out_at: datetime


class WatchRow(SQLModel, table=True):
    """When a budget has to be looked at again: at a spend, below a spend, or at a moment."""

    __tablename__ = "watch"

    budget: str = Field(primary_key=True)
    starts_at: datetime  # of the period
    spent: int = _micros()  # with its children, on the policy's basis
    next_at: int | None = Field(default=None, sa_type=BigInteger)
    back_at: int | None = Field(default=None, sa_type=BigInteger)
    check_at: datetime = Field(index=True)
    found: int | None = None  # the stage that the last evaluation found by time
    found_at: datetime | None = None
    timed: int | None = None  # the stage that counts by time, after two evaluations
    timed_reason: str | None = None


Index(
    "ix_watch_next_is_reached",
    WatchRow.__table__.c.budget,  # type: ignore[attr-defined]
    sqlite_where=text("spent >= next_at"),
    postgresql_where=text("spent >= next_at"),
)
Index(
    "ix_watch_back_is_reached",
    WatchRow.__table__.c.budget,  # type: ignore[attr-defined]
    sqlite_where=text("spent < back_at"),
    postgresql_where=text("spent < back_at"),
)


class TouchedRow(SQLModel, table=True):
    """Budgets whose charges or limit have changed since the last tick; written without a lock."""

    __tablename__ = "touched_budget"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG_ID)
    budget: str
    limit_changed: bool = False


class PeriodRevisionRow(SQLModel, table=True):
    """A source changed what a budget had spent in a period that was over."""

    __tablename__ = "period_revision"
    __table_args__ = (Index("ix_period_revision_at", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime
    source: str
    budget: str
    first_day: date
    before: int = _micros()
    after: int = _micros()


class DayCheckRow(SQLModel, table=True):
    """A UTC day of a source: the ledger against the source's own total, estimated against billed."""

    __tablename__ = "day_check"

    source: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    ledger: int | None = Field(default=None, sa_type=BigInteger)
    total: int | None = Field(default=None, sa_type=BigInteger)  # as the source itself sums it
    checked_at: datetime | None = None
    told_at: datetime | None = None  # the operators, that the two differ
    estimated: int = _micros()  # of the hours that were estimated first
    billed: int = _micros()  # of the same hours, once they were billed
    told_estimate_at: datetime | None = None


class PersonShareRow(SQLModel, table=True):
    """What a person used of a model on a UTC day, as a source says that knows people."""

    __tablename__ = "person_share"

    source: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    model: str = Field(primary_key=True)
    person: str = Field(primary_key=True)
    weight: int = _micros()


class AllocationRow(SQLModel, table=True):
    """Every revision of every budget's limit; the newest is in force."""

    __tablename__ = "allocation"

    budget: str = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    limit: int = _micros()
    file_limit: int = _micros()  # what the policy file said then; a change of it is a revision
    origin: str
    policy_version: str
    set_at: datetime


class AlertRow(SQLModel, table=True):
    """One row for each alert that was sent; its key is what makes two alerts the same."""

    __tablename__ = "alert"
    __table_args__ = (Index("ix_alert_budget_first_day", "budget", "first_day"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    budget: str
    first_day: date
    limit: int = _micros()
    stage: int
    reason: str
    owner: str
    fired_at: datetime
    figures: dict[str, Any] = _json()
    muted_by: int | None = None  # the child's alert that says the same to the same person
    answer: str | None = None
    answer_note: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    answer_until: datetime | None = None  # the answer's term; None: it holds
    first_answered_at: datetime | None = None
    feedback: str | None = None
    feedback_by: str | None = None
    feedback_at: datetime | None = None
    replaced_by: int | None = None  # the worse stage's alert
    over_at: datetime | None = None  # what it told was over by itself then
    bundle: int | None = Field(default=None, index=True)  # the first alert of the message it is in
    ladder: dict[str, Any] | None = _json(optional=True)  # whom to tell, as it was settled then
    escalated: int = 0  # how far the ladder has come since it last began
    furthest: int = 0  # how far it ever came
    round: int = 0  # how often an answer's term was over
    escalate_at: datetime | None = Field(default=None, index=True)  # something is due then


class DelegationRow(SQLModel, table=True):
    """Who gets somebody's alerts while they are away; one for each person, the newest."""

    __tablename__ = "delegation"

    person: str = Field(primary_key=True)
    to: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime


class RequestRow(SQLModel, table=True):
    """An overage request and its one outcome."""

    __tablename__ = "overage_request"
    __table_args__ = (
        UniqueConstraint("trigger", name="uq_overage_request_trigger"),
        UniqueConstraint("slot", name="uq_overage_request_slot"),
        Index("ix_overage_request_state_expires_at", "state", "expires_at"),
        Index("ix_overage_request_budget", "budget"),
    )

    id: int | None = Field(default=None, primary_key=True)
    trigger: str  # the view or command it came from: a replay creates nothing
    budget: str
    requester: str
    amount: int = _micros()
    reason: str
    ends_at: datetime
    lists: dict[str, Any] = _json()
    state: str
    asked_at: datetime
    expires_at: datetime
    figures: dict[str, Any] = _json()
    decided_at: datetime | None = None
    decided_by: dict[str, Any] | None = _json(optional=True)
    decision_reason: str | None = None
    decision_figures: dict[str, Any] | None = _json(optional=True)
    granted: int = _micros()
    kind: str = "overage"  # overage | break_glass
    slot: str | None = None  # "budget:requester" while it is open: one at a time
    revision: int = 1  # rises when the requester changes it
    granted_until: datetime | None = None  # when less time was approved than asked for
    funding: dict[str, Any] | None = _json(optional=True)  # where the dollars come from
    alert: int | None = None  # the alert that asking has answered
    remind_at: datetime | None = Field(default=None, index=True)
    reminded: int = 0
    decided_in: dict[str, Any] | None = _json(optional=True)  # the Slack message of the click


class VoteRow(SQLModel, table=True):
    """One person's approval of one request."""

    __tablename__ = "vote"

    request: int = Field(primary_key=True, foreign_key="overage_request.id")
    person: str = Field(primary_key=True)
    lists: dict[str, Any] = _json()
    at: datetime
    amount: int | None = Field(default=None, sa_type=BigInteger)  # less than asked for
    ends_at: datetime | None = None  # sooner than asked for


class QuestionRow(SQLModel, table=True):
    """What somebody who decides wants to know first, and what the requester said."""

    __tablename__ = "request_question"

    id: int | None = Field(default=None, primary_key=True)
    trigger: str = Field(unique=True)
    request: int = Field(foreign_key="overage_request.id", index=True)
    asked_by: str
    question: str
    asked_at: datetime
    answered_by: str | None = None
    answer: str | None = None
    answered_at: datetime | None = None


class RaiseRow(SQLModel, table=True):
    """An approved exception, and when enforcement confirmed its beginning and its end."""

    __tablename__ = "temporary_raise"
    __table_args__ = (Index("ix_temporary_raise_budget_ends_at", "budget", "ends_at"),)

    request: int = Field(primary_key=True, foreign_key="overage_request.id")
    budget: str
    extra: int = _micros()
    starts_at: datetime
    ends_at: datetime
    approved_by: str
    applied_version: int | None = None
    applied_at: datetime | None = None
    ended_version: int | None = None
    restored_at: datetime | None = None
    end_noted_at: datetime | None = None
    from_budget: str | None = Field(default=None, index=True)  # a transfer: that one has less
    planned_ends_at: datetime | None = None  # when it was ended early: its term before
    ended_by: str | None = None
    end_told_at: datetime | None = None  # that it will end soon


class IncreaseRow(SQLModel, table=True):
    """A member's increase request at Anthropic, its one decision, and what Anthropic said to it."""

    __tablename__ = "increase_request"
    __table_args__ = (
        UniqueConstraint("request", name="uq_increase_request_request"),
        Index("ix_increase_request_state", "state"),
        Index("ix_increase_request_decided_at", "decided_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    request: str  # Anthropic's id
    member: dict[str, Any] = _json()
    period: str  # daily | weekly | monthly
    asked_at: datetime
    found_at: datetime
    figures: dict[str, Any] = _json()
    state: str  # pending | approved | denied | elsewhere | gone
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_in: dict[str, Any] | None = _json(optional=True)  # the Slack message of the click
    reason: str | None = None
    granted: int | None = Field(default=None, sa_type=BigInteger)  # the new limit in all
    confirmed_at: datetime | None = None
    failing_since: datetime | None = None
    refused: str | None = None
    elsewhere: str | None = None


class IncreaseQueueRow(SQLModel, table=True):
    """One row: since when the queue of increase requests cannot be read."""

    __tablename__ = "increase_queue"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    failing_since: datetime | None = None
    error: str | None = None


class LimitStateRow(SQLModel, table=True):
    """What should be true at the enforcement target, and what the target said it holds."""

    __tablename__ = "limit_state"

    budget: str = Field(primary_key=True)
    version: int
    state: dict[str, Any] = _json()
    changed_at: datetime
    confirmed_version: int = 0
    confirmed_at: datetime | None = None
    accepted_version: int = 0


class TargetStateRow(SQLModel, table=True):
    """How far one enforcement target has followed a budget's limit state, and what it holds."""

    __tablename__ = "target_state"

    budget: str = Field(primary_key=True)
    target: str = Field(primary_key=True)  # webhook | litellm | mlflow | anthropic
    accepted_version: int = 0
    confirmed_version: int = 0
    confirmed_at: datetime | None = None
    held: dict[str, Any] | None = _json(optional=True)  # in the target's words, as read back
    written: list[dict[str, Any]] | None = Field(
        default=None, sa_column=Column(JSON, nullable=True)
    )  # by us, the newest first
    tried: dict[str, Any] | None = _json(optional=True)  # by us, and not confirmed since
    note: str | None = None  # what people have to know about it
    edited: str | None = None  # somebody changed it by hand: what was found
    edited_at: datetime | None = None
    looked_at: datetime | None = None  # the last look for drift
    failing_since: datetime | None = None
    error: str | None = None


class OutboxRow(SQLModel, table=True):
    """What has to leave the bot, written in the transaction that decided it."""

    __tablename__ = "outbox"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    stream: str
    subject: str = Field(index=True)
    lane: str  # slack | webhook | gateway | increases
    kind: str
    priority: int
    request: dict[str, Any] = _json()
    created_at: datetime
    due_at: datetime  # schedule, backoff and lease in one
    attempts: int = 0
    state: str  # pending | done | dead | edited | superseded
    done_at: datetime | None = None
    error: str | None = None
    result: dict[str, Any] | None = _json(optional=True)


_open = OutboxRow.__table__.c.state == "pending"  # type: ignore[attr-defined]
Index(
    "ix_outbox_due",
    OutboxRow.__table__.c.lane,  # type: ignore[attr-defined]
    OutboxRow.__table__.c.due_at,  # type: ignore[attr-defined]
    sqlite_where=_open,
    postgresql_where=_open,
)
Index(
    "ix_outbox_stream",
    OutboxRow.__table__.c.stream,  # type: ignore[attr-defined]
    OutboxRow.__table__.c.id,  # type: ignore[attr-defined]
    sqlite_where=_open,
    postgresql_where=_open,
)


class PersonRow(SQLModel, table=True):
    """A Slack account as last looked up, under the name it was looked up by."""

    __tablename__ = "person"

    ref: str = Field(primary_key=True)
    person: dict[str, Any] = _json()
    looked_up_at: datetime


class AuditRow(SQLModel, table=True):
    """The append-only record; each row's hash covers the one before."""

    __tablename__ = "audit"

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime
    kind: str
    actor: str
    subject: str
    data: dict[str, Any] = _json()
    previous_hash: str
    hash: str


class AuditHeadRow(SQLModel, table=True):
    """The end of the record; locked by whoever appends, so that numbers have no gaps."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int
    hash: str


class JobRunRow(SQLModel, table=True):
    """Who ran a job in a slot of time: of several replicas, one."""

    __tablename__ = "job_run"

    job: str = Field(primary_key=True)
    slot: datetime = Field(primary_key=True)
