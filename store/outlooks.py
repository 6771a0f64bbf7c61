"""The outlook of budgets: their history from the ledger, and what it says about the days to come."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.domain.budgets import Budget
from bot.domain.forecast import History, forecast, learn, runway
from bot.domain.forecast.history import MEMORY
from bot.domain.money import ZERO, Micros
from bot.domain.outlook import Outlook
from bot.domain.periods import Period
from bot.domain.policy import Policy
from bot.domain.spans import WorkCalendar
from store import spend_history

Sums = Mapping[str, list[Micros]]


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
    return {one.budget.id: _outlook(one, policy, first, days, hours, today) for one in asked}


def _outlook(
    one: Asked, policy: Policy, first: date, days: Sums, hours: Sums, today: Mapping[str, Micros]
) -> Outlook:
    work = policy.organization.calendar
    calendar = WorkCalendar(one.budget.time_zone, work.working_days, work.holidays)
    history = History(first, _added(days, one.members), _added(hours, one.members))
    spent_today = Micros(sum(today.get(member, ZERO) for member in one.members))
    ahead = forecast(learn(history, calendar), spent_today, one.spent, one.period, one.until)
    return Outlook(ahead, runway(ahead, one.limit))


def _added(sums: Sums, members: Collection[str]) -> list[Micros]:
    """The members' lists, added place by place."""
    lists = [sums[member] for member in members if member in sums]
    return [Micros(sum(amounts)) for amounts in zip(*lists, strict=True)]
