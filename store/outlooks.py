"""The outlook of budgets: their history from the ledger, and what it says about the days to come."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.domain.budgets import Budget
from bot.domain.forecast import Confidence, forecast, history_of, learn, runway
from bot.domain.forecast.history import MEMORY
from bot.domain.money import ZERO, Micros
from bot.domain.outlook import Outlook
from bot.domain.periods import Period
from bot.domain.policy import Policy
from bot.domain.spans import WorkCalendar
from bot.domain.spikes import Burn, Spike, spike
from bot.domain.usual_hours import swing
from store import spend_history

Sums = Mapping[str, list[Micros]]
BURN = timedelta(hours=24)  # in which a spike is looked for
SWING = timedelta(days=28)  # in which a team shows how it usually swings


@dataclass(frozen=True, slots=True)
class Asked:
    """A budget, everything that counts for it, and where its figures end."""

    budget: Budget
    members: Collection[str]
    period: Period
    spent: Micros
    limit: Micros | None
    until: datetime


def of(tx: Session, policy: Policy, asked: Collection[Asked]) -> dict[str, Outlook]:
    """The outlook of each; those whose figures end at the same moment are asked together."""
    together: dict[tuple[ZoneInfo, datetime], list[Asked]] = {}
    for one in asked:
        together.setdefault((one.budget.time_zone, one.until), []).append(one)
    found: dict[str, Outlook] = {}
    for (zone, until), some in together.items():
        found |= _at(tx, policy, some, zone, until)
    return found


def _at(
    tx: Session, policy: Policy, asked: Collection[Asked], zone: ZoneInfo, until: datetime
) -> dict[str, Outlook]:
    members = {member for one in asked for member in one.members}
    first = until.astimezone(zone).date() - timedelta(days=MEMORY)
    days = spend_history.daily(tx, members, first, until, zone, policy.basis)
    hours = spend_history.by_hour(tx, members, first, until, zone, policy.basis)
    today = spend_history.today(tx, members, until, zone, policy.basis)
    last = spend_history.hourly(tx, members, until - BURN, until, policy.basis)
    found: dict[str, Outlook] = {}
    for one in asked:
        work = policy.organization.calendar
        calendar = WorkCalendar(zone, work.working_days, work.holidays)
        history = history_of(first, _of(days, one.members), _of(hours, one.members))
        pattern = learn(history, calendar)
        spent_today = Micros(sum(today.get(member, ZERO) for member in one.members))
        ahead = forecast(pattern, spent_today, one.spent, one.period, until)
        burn = Burn(_added(last, one.members), until, one.period, one.limit, pattern)
        sudden = _spike(tx, policy, one, burn) if ahead.confidence is not Confidence.NONE else None
        found[one.budget.id] = Outlook(ahead, runway(ahead, one.limit), burn, sudden)
    return found


def _spike(tx: Session, policy: Policy, one: Asked, burn: Burn) -> Spike | None:
    """A spike that is none by the team's own swing is not told; that is worked out when it matters."""
    rule = one.budget.thresholds.spike
    found = None if rule is None else spike(burn, rule)
    if rule is None or found is None:
        return None
    whole = one.until.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    before = spend_history.hourly(
        tx, one.members, whole - SWING, whole - timedelta(microseconds=1), policy.basis
    )
    usual = swing(_added(before, one.members), burn.pattern, whole)
    return spike(replace(burn, swing=usual), rule)


def _of(sums: Sums, members: Collection[str]) -> list[list[Micros]]:
    return [sums[member] for member in members if member in sums]


def _added(sums: Sums, members: Collection[str]) -> list[Micros]:
    """The members' hours, added one by one."""
    return [Micros(sum(amounts)) for amounts in zip(*_of(sums, members), strict=True)]
