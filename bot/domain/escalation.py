"""Escalation: who hears of an alert that nobody answers, and when; pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from bot.domain.budgets import Budget, PersonRef, Stage
from bot.domain.overages import OWNER
from bot.domain.policy import Policy
from bot.domain.spans import Span, WorkCalendar

STALE_WAIT = timedelta(minutes=5)
GONE_WAIT = timedelta(hours=1)
OVER = "it is over"


class Step(IntEnum):
    """How far an alert without an answer has come; 0 is the owner alone."""

    NONE = 0
    REMINDER = 1
    BACKUP = 2
    APPROVERS = 3
    CHANNEL = 4


@dataclass(frozen=True, slots=True)
class Ladder:
    """
    Who is told, and how long each has; as the policy was when the alert fired.

    A policy file that changes meanwhile changes nothing about an alert that is open.
    """

    owner: PersonRef
    backup: PersonRef | None
    approvers: tuple[PersonRef, ...]
    groups: tuple[str, ...]  # Slack user groups among the approver lists
    channel: str
    answer_within: Span
    decided_within: Span  # how long a request that answers the alert may take

    def has(self, step: Step) -> bool:
        """Whether a step has anybody to tell who was not told before."""
        match step:
            case Step.BACKUP:
                return self.backup is not None
            case Step.APPROVERS:
                return bool(self.approvers or self.groups)
            case _:
                return True

    def after(self, step: Step) -> Step | None:
        """The next step that tells somebody; None after the last."""
        return next((s for s in Step if s > step and self.has(s)), None)


def ladder_of(budget: Budget, stage: Stage, policy: Policy) -> Ladder:
    """The ladder of a budget's alert, frozen with it."""
    names = dict.fromkeys(n for route in budget.overage.routes for n in route.approvers)
    lists = [policy.approvers[name] for name in names if name != OWNER]
    told = {ref.lower() for ref in (budget.owner, budget.backup) if ref}
    people = dict.fromkeys(ref for one in lists for ref in one.people if ref.lower() not in told)
    is_new = budget.backup is not None and budget.backup.lower() != budget.owner.lower()
    return Ladder(
        owner=budget.owner,
        backup=budget.backup if is_new else None,
        approvers=tuple(people),
        groups=tuple(dict.fromkeys(one.usergroup for one in lists if one.usergroup)),
        channel=budget.channel or policy.organization.channels.digest,
        answer_within=budget.answer_within.span(stage),
        decided_within=budget.overage.expires_after,
    )


def is_urgent(stage: Stage) -> bool:
    """Whether people are told round the clock, or in working hours only."""
    return stage >= Stage.INTERVENE


def calendar_of(policy: Policy, time_zone: ZoneInfo) -> WorkCalendar:
    """The organization's working days and hours, on the clocks of a budget."""
    return replace(policy.organization.calendar, time_zone=time_zone)


def may_tell_at(stage: Stage, calendar: WorkCalendar, moment: datetime) -> datetime:
    """The first moment, from that one on, at which somebody may be told."""
    return moment if is_urgent(stage) else calendar.next_working(moment)


def due_after(stage: Stage, calendar: WorkCalendar, since: datetime, span: Span) -> datetime:
    """
    When a time to answer that began at `since` is over; never in quiet hours of a mild stage.

    Its time begins with working hours, too: what was told at night is first seen in the morning.
    """
    start = may_tell_at(stage, calendar, since)
    days = calendar.after(start, Span(working_days=span.working_days))
    return may_tell_at(stage, calendar, calendar.after(days, Span(span.plain)))


def half(span: Span, calendar: WorkCalendar) -> Span:
    """Half of the time; half a working day is half of its hours."""
    odd = calendar.hours.length / 2 if span.working_days % 2 else timedelta()
    return Span(span.plain / 2 + odd, span.working_days // 2)


def next_due(
    ladder: Ladder,
    stage: Stage,
    done: Step,
    calendar: WorkCalendar,
    now: datetime,
    ends_at: datetime,
) -> datetime | None:
    """When the step after `done`, which was taken now, is due; None: none, or not in this period."""
    if ladder.after(done) is None:
        return None
    due = due_after(stage, calendar, now, half(ladder.answer_within, calendar))
    return due if due < ends_at else None


def term_of(
    within: Span, stage: Stage, calendar: WorkCalendar, now: datetime, ends_at: datetime
) -> datetime:
    """Until when an answer given now holds: its time again, and at most to the period's end."""
    return min(due_after(stage, calendar, now, within), ends_at)


@dataclass(frozen=True, slots=True)
class Case:
    """An alert whose next step is due, and where its budget stands now."""

    stage: Stage
    done: Step
    is_answered: bool  # its term is over, or nothing would be due
    ends_at: datetime  # of the period
    is_known: bool  # the policy still has the budget
    is_stale: bool
    is_there: bool  # this stage or a worse one, under the limit that it was told for
    is_under: bool = False  # below a budget that is exhausted, which is what binds
    comes_back: bool = True  # gone, it may return without a new alert; a spike would have one


@dataclass(frozen=True, slots=True)
class Tell:
    """Take the step; `again`: an answer's term is over, and the ladder begins once more."""

    step: Step
    again: bool


@dataclass(frozen=True, slots=True)
class Wait:
    until: datetime


@dataclass(frozen=True, slots=True)
class Stop:
    why: str


def decide(case: Case, ladder: Ladder, calendar: WorkCalendar, now: datetime) -> Tell | Wait | Stop:
    """
    What becomes of an alert whose next step is due.

    Nobody is told by figures that may be wrong. A stage that has gone may come back without a new
    alert, so it is looked at again until the period is over.
    """
    if not case.is_known:
        return Stop("the budget left the policy file")
    if now >= case.ends_at:
        return Stop("the period is over")
    if case.is_stale:
        return Wait(now + STALE_WAIT)
    if (may := may_tell_at(case.stage, calendar, now)) > now:
        return Wait(may)
    if case.is_under:
        return Wait(now + GONE_WAIT)
    if not case.is_there:
        return Wait(now + GONE_WAIT) if case.comes_back else Stop(OVER)
    if case.is_answered:
        return Tell(Step.REMINDER, again=True)
    step = ladder.after(case.done)
    return Stop("everybody was told") if step is None else Tell(step, again=False)


def told_before(ladder: Ladder, step: Step) -> Sequence[PersonRef]:
    """Who was asked before a step, for whoever hears of it next."""
    asked = [ladder.owner]
    if ladder.backup is not None and step > Step.BACKUP:
        asked.append(ladder.backup)
    return asked
