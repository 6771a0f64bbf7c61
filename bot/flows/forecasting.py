"""A forecast on demand: of budgets by the ledger, or of a file of spend, at any moment."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clients.usage.focus_cells import HOUR, hour_of
from bot.clients.usage.spend_csv import Spend, read_spend
from bot.domain.budgets import UNATTRIBUTED, Budget, BudgetId
from bot.domain.forecast import History, forecast, learn, runway
from bot.domain.forecast.history import MEMORY
from bot.domain.money import ZERO, Micros
from bot.domain.outlook import Outlook
from bot.domain.periods import Period, midnight, period_at
from bot.domain.policy import Policy
from bot.domain.spans import WorkCalendar
from bot.domain.standings import Standing
from bot.parts import Bot
from store import ledger, outlooks, standings

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Forecasted:
    """The outlook of a budget, or of a file by the rules of one, at a moment."""

    budget: Budget
    at: datetime
    limit: Micros | None
    outlook: Outlook


def of_ledger(bot: Bot, at: datetime, budget: BudgetId | None = None) -> list[Forecasted]:
    """
    The forecast of a budget with everything below it, or of each that has a limit, in file order.

    What is charged from `at` on was not known then. Limits are today's, exceptions those of then.
    """
    asked = [b.id for b in bot.policy.tree if b.limit is not None] if budget is None else [budget]
    with bot.db.transaction() as tx:
        found = standings.gather(tx, bot.policy, at, asked)
        ahead = outlooks.of(tx, bot.policy, _asked(tx, bot.policy, [found[id_] for id_ in asked]))
    return [Forecasted(found[id_].budget, at, found[id_].limit, ahead[id_]) for id_ in asked]


def _asked(tx: Session, policy: Policy, found: Sequence[Standing]) -> list[outlooks.Asked]:
    """What each has spent before its figures end; a standing also counts what has just begun."""
    ends = {s.budget.id: min(s.freshness.as_of or s.at, s.at) for s in found}
    members = {s.budget.id: _members(tx, policy, s.budget.id, ends[s.budget.id]) for s in found}
    together: dict[tuple[datetime, datetime], list[BudgetId]] = defaultdict(list)
    for s in found:
        together[s.period.starts_at, ends[s.budget.id]].append(s.budget.id)
    spent: dict[BudgetId, Micros] = {}
    for (starts_at, until), ids in together.items():
        everybody = {member for id_ in ids for member in members[id_]}
        own = ledger.spend(tx, starts_at, until, policy.basis, everybody)
        for id_ in ids:
            spent[id_] = Micros(sum(own.get(member, ZERO) for member in members[id_]))
    return [
        outlooks.Asked(
            s.budget, members[s.budget.id], s.period, spent[s.budget.id], s.limit, ends[s.budget.id]
        )
        for s in found
    ]


def _members(tx: Session, policy: Policy, budget: BudgetId, until: datetime) -> Collection[str]:
    """Everything below it; and what was charged to budgets that have left the policy is nobody's."""
    family = policy.tree.family(budget)
    if budget != UNATTRIBUTED:
        return family
    charged = ledger.spend(tx, until - 2 * MEMORY * DAY, until, policy.basis)
    return family | {name for name in charged if name not in policy.tree.budgets}


def of_file(
    policy: Policy, path: Path, at: datetime | None, now: datetime, budget: BudgetId | None = None
) -> Forecasted:
    """
    The forecast of a file, by period, time zone and limit of a budget, or by the policy's defaults.

    Without a moment it is the one at which the file ends, or now. An hour or a day that was not over
    at that moment was not known. Needs neither network nor database; raises UserError.
    """
    # Of the budgets this one has nothing of its own: its rules are the defaults, without a limit.
    rules = policy.tree.budgets[budget or UNATTRIBUTED]
    zone = rules.time_zone
    spend = read_spend(path, zone)
    end = _end(spend, zone)
    moment = min(end, now) if at is None else at
    until = min(end, _floor(moment, spend.width, zone))
    period = period_at(moment, rules.cadence, zone)
    return Forecasted(rules, moment, rules.limit, _outlook(policy, rules, spend, period, until))


def _outlook(
    policy: Policy, rules: Budget, spend: Spend, period: Period, until: datetime
) -> Outlook:
    zone, work = rules.time_zone, policy.organization.calendar
    calendar = WorkCalendar(zone, work.working_days, work.holidays)
    history, today = _history(spend, until, zone)
    spent = sum(row.amount for row in spend.rows if period.starts_at <= row.at < until)
    ahead = forecast(learn(history, calendar), today, Micros(spent), period, until)
    return Outlook(ahead, runway(ahead, rules.limit))


def _history(spend: Spend, until: datetime, zone: ZoneInfo) -> tuple[History, Micros]:
    """The complete days before `until`, with their hours where the file has some; and today."""
    known = [(row.at.astimezone(zone), row.amount) for row in spend.rows if row.at < until]
    last = until.astimezone(zone).date()
    first = known[0][0].date() if known else last
    days, hours, today = [0] * (last - first).days, [0] * 24, 0
    for local, amount in known:
        if local.date() == last:
            today += amount
            continue
        days[(local.date() - first).days] += amount
        hours[local.hour] += amount
    shape = [Micros(amount) for amount in hours] if spend.width == HOUR else []
    return History(first, [Micros(amount) for amount in days], shape), Micros(today)


def _end(spend: Spend, zone: ZoneInfo) -> datetime:
    """Where the last hour or day of the file ends."""
    last = spend.rows[-1].at
    if spend.width == HOUR:
        return last + HOUR
    return midnight(last.astimezone(zone).date() + DAY, zone)


def _floor(moment: datetime, width: timedelta, zone: ZoneInfo) -> datetime:
    """The end of the last hour or day that is over."""
    if width == HOUR:
        return hour_of(moment, zone)
    return midnight(moment.astimezone(zone).date(), zone)
