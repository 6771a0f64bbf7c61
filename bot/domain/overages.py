"""Overage requests: what may be asked for, who decides, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.domain.budgets import Budget, BudgetId, Funding, PersonRef, Route
from bot.domain.errors import UserError
from bot.domain.forecast import Confidence
from bot.domain.limits import raised
from bot.domain.money import ZERO, Micros, dollars, micros, parse_amount
from bot.domain.periods import midnight
from bot.domain.places import Place
from bot.domain.policy import Policy
from bot.domain.spans import WorkCalendar
from bot.domain.standings import Standing

OWNER = "owner"
MAX_REASON = 1_000
LAST_DAY = date.max - timedelta(days=3)


class RequestState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class RequestKind(StrEnum):
    OVERAGE = "overage"
    BREAK_GLASS = "break_glass"  # granted by the owner to themselves, told to everybody


@dataclass(frozen=True, slots=True)
class FundedBy:
    """Where the dollars of an exception come from; `budget` has as much less, in a transfer."""

    kind: Funding
    budget: BudgetId | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What is approved: all that was asked for, or less, or for a shorter time."""

    amount: Micros
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures as they were seen; copied into every request and decision."""

    spent: Micros
    limit: Micros
    allocation: Micros
    daily_rate: Micros
    runs_out_at: datetime | None
    as_of: datetime | None
    policy_version: str
    confidence: Confidence | None = None  # of the forecast; None: there was none to ask for
    p50: Micros | None = None  # of the period's end


@dataclass(frozen=True, slots=True)
class OverageRequest:
    """How much more, why, until when; and the decision once there is one."""

    id: int
    budget: BudgetId
    requester: str  # Slack user id
    amount: Micros
    reason: str
    ends_at: datetime
    lists: tuple[str, ...]  # who decides: names of approver lists, or "owner"
    both: bool
    state: RequestState
    asked_at: datetime
    expires_at: datetime
    figures: Figures
    decided_at: datetime | None = None
    decided_by: tuple[str, ...] = ()
    decision_reason: str | None = None
    granted: Micros = ZERO
    decision_figures: Figures | None = None
    kind: RequestKind = RequestKind.OVERAGE
    revision: int = 1  # rises when the requester changes it; a click is about what it showed
    granted_until: datetime | None = None
    funding: FundedBy | None = None
    alert: int | None = None  # the alert that asking has answered
    remind_at: datetime | None = None
    reminded: int = 0
    decided_in: Place | None = None

    @property
    def asked(self) -> Terms:
        return Terms(self.amount, self.ends_at)

    @property
    def until(self) -> datetime:
        """When the exception ends: as it was approved, or asked for."""
        return self.granted_until or self.ends_at

    @property
    def donor(self) -> BudgetId | None:
        """The budget that a transfer would take from; its owner has to agree."""
        return self.funding.budget if self.funding else None


@dataclass(frozen=True, slots=True)
class Draft:
    """A request that passed the policy and may be recorded."""

    budget: BudgetId
    requester: str
    amount: Micros
    reason: str
    ends_at: datetime
    expires_at: datetime
    lists: tuple[str, ...]
    both: bool
    figures: Figures
    funding: FundedBy | None = None
    alert: int | None = None


def default_end(standing: Standing, calendar: WorkCalendar, now: datetime) -> datetime:
    """The end of the period, or as far as the policy's longest term goes."""
    longest = calendar.after(now, standing.budget.overage.max_term)
    return min(standing.period.ends_at, longest)


def end_of_day(
    last_day: date, standing: Standing, calendar: WorkCalendar, now: datetime
) -> datetime:
    """
    The end of a term whose last day is named: midnight after it, in the budget's zone.

    On the last day the policy allows, the term ends at the very moment it allows.
    """
    zone = standing.budget.time_zone
    latest = calendar.after(now, standing.budget.overage.max_term)
    if latest.astimezone(zone).date() == last_day:
        return latest
    # The calendar itself has a last day, and a form may be sent with it.
    return midnight(min(last_day, LAST_DAY) + timedelta(days=1), zone)


def draft(
    standing: Standing,
    requester: str,
    amount_text: str,
    reason: str,
    last_day: date | None,
    policy: Policy,
    requester_names: Sequence[str],
    now: datetime,
) -> Draft:
    """
    Check a request against the policy.

    Raises:
        UserError: names the field (`amount`, `reason` or `ends_at`) and what would be accepted.
    """
    budget = standing.budget
    if standing.allocation is None or standing.limit is None:
        raise UserError(f"{budget.name} has no limit that could be raised.", "budget")
    calendar = policy.organization.calendar
    end = (
        default_end(standing, calendar, now)
        if last_day is None
        else end_of_day(last_day, standing, calendar, now)
    )
    amount = _amount(amount_text, standing)
    check_reason(reason)
    _check_end(end, budget, calendar, now)
    # What is raised already counts: many small requests go where one large one would.
    in_all = Micros(amount + raised(standing.raises))
    route = route_for(budget, standing.allocation.limit, in_all, policy, requester_names)
    if route is None:
        raise UserError(
            "Nobody is left who may decide this: the policy names only you. "
            "Ask an operator to add an approver to `overage.routes`.",
            "amount",
        )
    return Draft(
        budget=budget.id,
        requester=requester,
        amount=amount,
        reason=reason.strip(),
        ends_at=end,
        expires_at=calendar.after(now, budget.overage.expires_after),
        lists=route.approvers,
        both=route.both,
        figures=figures_of(standing, policy.version),
    )


def figures_of(standing: Standing, policy_version: str) -> Figures:
    """The figures of this moment, to keep with a request or a decision."""
    return Figures(
        spent=standing.spent,
        limit=standing.limit or ZERO,
        allocation=standing.allocation.limit if standing.allocation else ZERO,
        daily_rate=standing.daily_rate,
        runs_out_at=standing.runs_out_at,
        as_of=standing.freshness.as_of,
        policy_version=policy_version,
        confidence=standing.outlook.forecast.confidence if standing.outlook else None,
        p50=standing.outlook.forecast.p50 if standing.outlook else None,
    )


def most_allowed(standing: Standing) -> Micros:
    """How much more may still be asked for: the policy's share, less the raises that are live."""
    if standing.allocation is None:
        return ZERO
    share = standing.allocation.limit * standing.budget.overage.max_percent // 100
    return Micros(max(share - raised(standing.raises), 0))


def route_for(
    budget: Budget,
    allocation: Micros,
    amount: Micros,
    policy: Policy,
    requester_names: Sequence[str],
) -> Route | None:
    """
    The first route that is large enough, and on which somebody other than the requester decides.

    An owner who asks for a little more cannot approve it: the request passes to the next route.
    """
    for route in budget.overage.routes:
        fits = route.up_to is None or amount * 100 <= allocation * route.up_to
        if fits and not _only_the_requester(route, budget, policy, requester_names):
            return route
    return None


def approvers_of(name: str, budget: Budget, policy: Policy) -> tuple[PersonRef, ...]:
    """The people a list names in the policy; the members of its user group are Slack's to tell."""
    return (budget.owner,) if name == OWNER else policy.approvers[name].people


def _only_the_requester(
    route: Route, budget: Budget, policy: Policy, requester_names: Sequence[str]
) -> bool:
    own = {name.lower() for name in requester_names}
    for name in route.approvers:
        if name != OWNER and policy.approvers[name].usergroup:
            return False
        if any(ref.lower() not in own for ref in approvers_of(name, budget, policy)):
            return False
    return True


def _amount(text: str, standing: Standing) -> Micros:
    try:
        amount = parse_amount(text)
    except ValueError as error:
        raise UserError(f"“{text.strip()[:40]}” is not {error}.", "amount") from None
    most = most_allowed(standing)
    if amount > most:
        granted = raised(standing.raises)
        already = f", of which {dollars(granted)} is granted already" if granted else ""
        raise UserError(
            f"The policy allows at most {dollars(most)} more for {standing.budget.name} "
            f"({standing.budget.overage.max_percent} % of its allocation{already}). "
            "Ask for less, or have the allocation reviewed.",
            "amount",
        )
    if amount < micros("0.01"):
        raise UserError("The smallest amount is $0.01.", "amount")
    return amount


def check_reason(reason: str) -> None:
    if not reason.strip():
        raise UserError("Say in a few words what it is for; approvers decide on it.", "reason")
    if len(reason) > MAX_REASON:
        raise UserError(f"At most {MAX_REASON} characters, please.", "reason")


def _check_end(end: datetime, budget: Budget, calendar: WorkCalendar, now: datetime) -> None:
    longest = budget.overage.max_term
    latest = calendar.after(now, longest)
    if end <= now:
        raise UserError("The end has to lie in the future.", "ends_at")
    if end > latest:
        day = latest.astimezone(budget.time_zone).date()
        raise UserError(
            f"The policy allows at most {longest}: the latest end is {day:%a %d %b %Y}.",
            "ends_at",
        )
