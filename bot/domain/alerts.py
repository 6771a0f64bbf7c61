"""Alerts: what is worth telling the owner, once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.budgets import AtLimit, BudgetId, Stage
from bot.domain.drivers import Driver
from bot.domain.escalation import calendar_of, due_after
from bot.domain.forecast import Confidence, sentence
from bot.domain.grace import Grace, begin, is_given
from bot.domain.money import ZERO, Micros, percent
from bot.domain.policy import Basis, Policy
from bot.domain.spans import Span, WorkCalendar
from bot.domain.spikes import Spike, by_spike
from bot.domain.stages import Reason
from bot.domain.standings import Standing


class AnswerKind(StrEnum):
    """What an owner says to an alert."""

    ON_IT = "on it"
    PLANNED = "planned"
    ASKED = "asked for more"


class Feedback(StrEnum):
    """Whether an alert was worth its interruption."""

    USEFUL = "useful"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said to an alert. `until`: the answer's term; None: it holds without one."""

    kind: AnswerKind
    by: str
    at: datetime
    note: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    standing: Standing
    stage: Stage
    reason: Reason
    spike: Spike | None = None  # what is told: spending far faster than usual

    @property
    def key(self) -> str:
        """
        What makes two alerts the same alert; the database refuses the second.

        The limit is part of it, so a raise arms the stages again. The day is the local one:
        in UTC, two London days of late March start on the same date. A spike is told once for a day.
        """
        s = self.standing
        if self.spike is not None:
            day = self.spike.day(s.budget.time_zone)
            return f"alert:{s.budget.id}:{s.period.first_day}:{s.limit}:spike:{day}"
        return f"alert:{s.budget.id}:{s.period.first_day}:{s.limit}:{self.stage.word}"


def due_alert(standing: Standing, sent: Collection[Stage]) -> Alert | None:
    """
    The one alert worth sending: the worst stage reached, unless one as bad was sent.

    `sent` holds the stages already sent for this period and this effective limit. A jump from
    40 % to 96 % is one message, not three; falling back and rising again is none. Stale figures
    fire nothing.
    """
    reached = standing.reached
    if reached is None or standing.freshness.stale:
        return None
    if any(earlier >= reached.stage for earlier in sent):
        return None
    return Alert(standing, reached.stage, reached.reason)


def due_spike(standing: Standing, calendar: WorkCalendar) -> Alert | None:
    """
    The alert of a runaway loop, if there is one: whatever stage was told before.

    It is no stage of the period: what it says is over in hours, so it neither mutes a stage nor is
    muted by one.
    """
    sudden = standing.outlook.spike if standing.outlook else None
    if sudden is None or standing.freshness.stale:
        return None
    found = by_spike(standing.budget, sudden, standing.spent, standing.limit, calendar, standing.at)
    return None if found is None else Alert(standing, found.stage, found.reason, sudden)


def repeats(parent: Alert, child: Standing) -> bool:
    """
    Whether a parent's alert says only what the child's said, when both reach the same person.

    It does while the child is as badly off, and most of what the parent spent is the child's:
    whoever acts on the one acts on the other.
    """
    return (
        child.budget.owner == parent.standing.budget.owner
        and child.stage is not None
        and child.stage >= parent.stage
        and child.spent * 2 > parent.standing.spent
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """Dollars of a transfer that is live: lent to another budget when negative."""

    extra: Micros
    name: str  # of the other budget
    ends_at: datetime


def moved_of(standing: Standing, policy: Policy) -> tuple[Moved, ...]:
    """The transfers in a standing's limit, with the other budget's name."""
    known = policy.tree.budgets
    return tuple(
        Moved(r.extra, known[r.other].name if r.other in known else r.other, r.ends_at)
        for r in standing.raises
        if r.other is not None
    )


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """The figures and the policy as they were when an alert fired; kept with it."""

    budget: BudgetId
    name: str
    stage: Stage
    spent: Micros
    estimated: Micros  # the part of `spent` that is not billed yet
    limit: Micros
    raised: Micros  # the part of the limit that exceptions add; transfers are told one by one
    daily_rate: Micros
    runs_out_at: datetime | None
    as_of: datetime | None
    period_ends_at: datetime
    answer_by: datetime
    at_limit: AtLimit
    basis: Basis
    time_zone: ZoneInfo
    policy_version: str
    reason: Reason = Reason.SHARE
    confidence: Confidence | None = None  # of the forecast; None: there was none to ask for
    p50: Micros | None = None  # of the period's end
    p80: Micros | None = None
    explained: str = ""  # the forecast in one sentence
    lead_time: str = ""  # as the owner stated it
    lead_ends_at: datetime | None = None  # when it would be over, had it begun with the alert
    spare: str = ""  # the runway's end against that one: `2 working days short of`
    driver: Driver | None = None
    glass: bool = False  # the owner may break it
    spike: str = ""  # in one sentence, where hours cost far more than usual
    grace: Grace | None = None  # at the limit: what is left before the response
    transfers: tuple[Moved, ...] = ()
    grace_span: str = ""  # below it: the time there will be, as the policy writes it
    is_held: bool = True  # by a target; else nothing is cut, whatever `at_limit` says

    @property
    def percent(self) -> int:
        return percent(self.spent, self.limit)


def figures_of(
    alert: Alert, policy: Policy, now: datetime, driver: Driver | None = None
) -> AlertFigures:
    """What an alert says, and by when it wants an answer."""
    s = alert.standing
    ahead = s.outlook.forecast if s.outlook else None
    calendar = policy.organization.calendar
    local = calendar_of(policy, s.budget.time_zone)
    reached = alert.stage is Stage.EXHAUSTED and alert.spike is None
    runs_out_at, lead_ends_at = _runs_out_at(alert), calendar.after(now, s.budget.lead_time)
    return AlertFigures(
        budget=s.budget.id,
        name=s.budget.name,
        stage=alert.stage,
        spent=s.spent,
        estimated=s.estimated,
        limit=s.limit or ZERO,
        raised=Micros(sum(r.extra for r in s.raises if r.other is None)),
        daily_rate=s.daily_rate,
        runs_out_at=runs_out_at,
        as_of=s.freshness.as_of,
        period_ends_at=s.period.ends_at,
        answer_by=due_after(
            alert.stage,
            local,
            now,
            s.budget.answer_within.span(alert.stage),
        ),
        at_limit=s.budget.at_limit,
        basis=policy.basis,
        time_zone=s.budget.time_zone,
        policy_version=policy.version,
        reason=alert.reason,
        confidence=ahead.confidence if ahead else None,
        p50=ahead.p50 if ahead else None,
        p80=ahead.p80 if ahead else None,
        explained=sentence(ahead) if ahead else "",
        lead_time=str(s.budget.lead_time),
        lead_ends_at=lead_ends_at,
        spare=against(s.budget.lead_time, runs_out_at, lead_ends_at, calendar),
        driver=driver,
        glass=alert.stage >= Stage.INTERVENE and s.budget.overage.break_glass is not None,
        spike=s.outlook.spike.sentence(s.budget.time_zone) if s.outlook and s.outlook.spike else "",
        grace=begin(s.budget, local, now) if reached else None,
        transfers=moved_of(s, policy),
        grace_span=str(s.budget.grace) if is_given(s.budget) else "",
        is_held=s.budget.is_held,
    )


def against(
    lead_time: Span, runs_out_at: datetime | None, lead_ends_at: datetime, calendar: WorkCalendar
) -> str:
    """
    `2 working days short of` the lead time: in days of its own kind, and in hours where the
    difference of a lead time by the clock is less than two days. Empty: it does not run out.
    """
    if runs_out_at is None:
        return ""
    side = "short of" if runs_out_at < lead_ends_at else "beyond"
    start, end = min(runs_out_at, lead_ends_at), max(runs_out_at, lead_ends_at)
    if lead_time.working_days:
        count, unit = round(calendar.days_of_work(start, end)), "working day"
    elif end - start < timedelta(days=2):
        count, unit = round((end - start) / timedelta(hours=1)), "hour"
    else:
        count, unit = round((end - start) / timedelta(days=1)), "day"
    return f"{count} {unit}{'s' * (count != 1)} {side}" if count else "just at"


def _runs_out_at(alert: Alert) -> datetime | None:
    """By the forecast; of a spike, should it go on as it does."""
    s, sudden = alert.standing, alert.spike
    if sudden is None or s.limit is None or sudden.spent <= 0:
        return s.runs_out_at
    seconds = max(timedelta(hours=1), sudden.until - sudden.since) // timedelta(seconds=1)
    left = max(0, s.limit - s.spent) * seconds // sudden.spent
    ends = s.period.left(s.at) // timedelta(seconds=1)
    return s.at + timedelta(seconds=left) if left < ends else None


@dataclass(frozen=True, slots=True)
class AlertQuality:
    """
    Of the alerts that people got in a span of time.

    `escalated` are those that went beyond the owner; `lead` is the median time from the first
    respond or intervene alert to the limit, over the budgets that reached it then (nothing, when
    they were not warned before); None: none did.
    """

    fired: int = 0
    answered: int = 0
    in_time: int = 0
    escalated: int = 0
    useful: int = 0
    noise: int = 0
    lead: timedelta | None = None
