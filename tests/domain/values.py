"""Domain values for tests: each test names only what it is about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.budgets import (
    AnswerWithin,
    ApproverList,
    AtLimit,
    Budget,
    BudgetId,
    BudgetTree,
    OveragePolicy,
    PersonRef,
    Route,
    Thresholds,
)
from bot.domain.limits import Allocation, TemporaryRaise
from bot.domain.money import Micros, micros
from bot.domain.periods import Cadence, period_at
from bot.domain.policy import Basis, Channels, DigestTime, Organization, Policy, SourcePolicy
from bot.domain.rules import Rule
from bot.domain.spans import Span, WorkCalendar
from bot.domain.standings import Freshness, Standing, evaluate

NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)  # Monday 09:00 in New York
PERIOD = period_at(NOW, Cadence.MONTH, NEW_YORK)
FRESH = Freshness(NOW - HOUR, stale=False)
STALE = Freshness(NOW - 9 * HOUR, stale=True, blind_since=NOW - 3 * HOUR, reason="HTTP 503")

OVERAGE = OveragePolicy(
    max_percent=50,
    max_term=Span(14 * DAY),
    expires_after=Span(24 * HOUR),
    routes=(
        Route(10, ("owner",)),
        Route(30, ("finance",)),
        Route(None, ("finance", "leads"), both=True),
    ),
)
BUDGET = Budget(
    id=BudgetId("search"),
    name="Search ranking",
    owner=PersonRef("dana@example.com"),
    backup=PersonRef("lee@example.com"),
    parent=None,
    channel="#team-search",
    limit=micros(100),
    cadence=Cadence.MONTH,
    time_zone=NEW_YORK,
    lead_time=Span(working_days=3),
    thresholds=Thresholds(),
    answer_within=AnswerWithin(Span(working_days=2), Span(8 * HOUR), Span(HOUR)),
    at_limit=AtLimit.BLOCK,
    overage=OVERAGE,
)
UNLIMITED = replace(BUDGET, id=BudgetId("unattributed"), name="Unattributed", limit=None)
APPROVERS = {
    "finance": ApproverList("finance", (PersonRef("fin@example.com"), PersonRef("U0KIM"))),
    "leads": ApproverList("leads", usergroup="S0LEADS"),
}


def policy(
    *budgets: Budget,
    rules: tuple[Rule, ...] = (),
    approvers: Mapping[str, ApproverList] = APPROVERS,
    basis: Basis = Basis.NET,
) -> Policy:
    """Acme's policy with these budgets, or with the search budget alone."""
    return Policy(
        version="v1",
        organization=Organization(
            name="Acme",
            time_zone=NEW_YORK,
            calendar=WorkCalendar(NEW_YORK),
            channels=Channels("#ai-budgets", "#ai-approvals", "#ai-budget-ops"),
            digest=DigestTime(0, time(9)),
        ),
        basis=basis,
        sources=(SourcePolicy("anthropic", timedelta(minutes=1), 48 * HOUR, 6 * HOUR),),
        approvers=approvers,
        tree=BudgetTree({b.id: b for b in budgets or (BUDGET,)}),
        splits=(),
        rules=rules,
        unattributed_owner=PersonRef("ops@example.com"),
    )


def raised(
    extra: str,
    starts_at: datetime = NOW - HOUR,
    ends_at: datetime = NOW + DAY,
    request: int = 1,
    budget: Budget = BUDGET,
) -> TemporaryRaise:
    """An exception of some dollars, live at NOW unless told otherwise."""
    return TemporaryRaise(budget.id, request, micros(extra), starts_at, ends_at, "U0FIN")


def standing(
    spent: str | Micros,
    *raises: TemporaryRaise,
    daily: str = "0",
    budget: Budget = BUDGET,
    freshness: Freshness = FRESH,
    now: datetime = NOW,
) -> Standing:
    """Where a budget stands; its allocation is the limit it has in the policy."""
    return evaluate(
        budget=budget,
        period=period_at(now, budget.cadence, budget.time_zone),
        allocation=None if budget.limit is None else Allocation(budget.id, budget.limit, 1),
        raises=raises,
        spent=micros(spent) if isinstance(spent, str) else spent,
        recent=micros(daily),
        recent_span=DAY,
        freshness=freshness,
        now=now,
    )
