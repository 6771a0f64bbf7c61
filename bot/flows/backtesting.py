"""Backtest: the past of budgets, from the ledger or a file, replayed by the rules of the present."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clients.usage.spend_csv import read_spend
from bot.domain.backtest import Backtest, Series, backtest
from bot.domain.budgets import UNATTRIBUTED, Budget, BudgetId
from bot.domain.errors import UserError
from bot.domain.limits import Allocation
from bot.domain.money import Micros
from bot.domain.periods import Period, midnight
from bot.domain.policy import Policy
from bot.domain.spans import Span, WorkCalendar
from bot.domain.standings import together
from bot.parts import Bot
from store import allocations, spend_series
from store.freshness import by_source

HOUR = timedelta(hours=1)
Revisions = Sequence[tuple[datetime, Allocation]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked instead of what the policy says: None where it stands; and from when on."""

    budget: Budget | None = None
    limit: Micros | None = None
    lead_time: Span | None = None
    since: date | None = None

    def of(self, budget: Budget) -> Budget:
        return replace(budget, lead_time=self.lead_time) if self.lead_time else budget


def from_file(policy: Policy, path: Path, asked: Asked) -> Backtest:
    """
    A CSV of spend against a limit. Rules, period and zone are those of the budget that is named, or
    the policy's defaults. Raises UserError.
    """
    budget = asked.of(asked.budget or _defaults(policy, path))
    limit = asked.limit or (asked.budget.limit if asked.budget else None)
    if limit is None:
        raise UserError("a file has no limit of its own: add --limit USD, or --budget", "limit")
    spend = read_spend(path, budget.time_zone)
    rows = [(row.at, row.amount) for row in spend.rows]
    series = Series(rows, spend.width, budget.time_zone)
    where = "that was given" if asked.limit else f"of {budget.id} in the policy file"
    found = backtest(
        series,
        budget,
        lambda _: limit,
        _calendar(policy, budget),
        asked.since,
        f"the limit {where}",
    )
    if not found.periods:
        raise UserError(
            f"{path}: {_no_period(series, budget, asked.since)}; the file has to hold one from end "
            "to end"
        )
    return found


def _defaults(policy: Policy, path: Path) -> Budget:
    """What the policy says of every budget, under the file's name."""
    name = path.stem
    return replace(policy.tree.budgets[UNATTRIBUTED], id=BudgetId(name), name=name)


def from_ledger(bot: Bot, asked: Asked, now: datetime) -> list[Backtest]:
    """The budget that is named, or all that have a limit; each with everything below it."""
    budgets = [asked.budget] if asked.budget else list(bot.policy.tree)
    with bot.db.transaction() as tx:
        in_force = allocations.revisions(tx, [budget.id for budget in budgets])
        limited = [b for b in budgets if asked.limit or b.limit or in_force.get(b.id)]
        if not limited:
            names = asked.budget.id if asked.budget else "no budget"
            what = "has no limit" if asked.budget else "has a limit"
            raise UserError(f"{names} {what}; set one in the policy file, or add --limit", "limit")
        reader = _Reader(tx, bot.policy, now)
        found = [
            _replayed(reader, asked, budget, in_force.get(budget.id, ())) for budget in limited
        ]
        if any(one.periods for one in found):
            return [one for one in found if one.periods]
        raise UserError(
            f"{_no_period(reader.series(limited[0]), limited[0], asked.since)}; read more with "
            "budget-bot backfill --since DATE, or import a file of it"
        )


def _replayed(reader: "_Reader", asked: Asked, budget: Budget, revisions: Revisions) -> Backtest:
    own = asked.of(budget)
    series = reader.series(budget)
    periods = list(series.full_periods(budget.cadence, asked.since))
    limits, where = _limits(asked, budget, periods, revisions)
    calendar = _calendar(reader.policy, budget)
    return backtest(series, own, limits.__getitem__, calendar, asked.since, where)


def _limits(
    asked: Asked, budget: Budget, periods: Sequence[Period], revisions: Revisions
) -> tuple[dict[Period, Micros], str]:
    """The limit of each period, and in words which one that is."""
    if asked.limit is not None:
        return dict.fromkeys(periods, asked.limit), "the limit that was given"
    if not revisions:
        limit = budget.limit or Micros(0)
        return dict.fromkeys(periods, limit), "the limit in the policy file"
    limits: dict[Period, Micros] = {}
    before = 0
    for period in periods:
        known = [allocation for set_at, allocation in revisions if set_at <= period.starts_at]
        before += not known
        limits[period] = (known[-1] if known else revisions[0][1]).limit
    where = "the allocation in force when each period began"
    if before:
        where += f"; for {before} that began before any was known, the first one"
    return limits, where


class _Reader:
    """The ledger as series, complete from the first charge's day to where the figures end."""

    def __init__(self, tx: Session, policy: Policy, now: datetime) -> None:
        self.policy = policy
        self._tx, self._now = tx, now
        self._covered = spend_series.covered(tx)
        self._as_of = together(list(by_source(tx, policy, now).values())).as_of
        if self._covered is None:
            raise UserError("the ledger is empty; budget-bot backfill or import fills it")

    def series(self, budget: Budget) -> Series:
        zone = budget.time_zone
        members = self._members(budget.id)
        rows = _hours(spend_series.charged(self._tx, members, self.policy.basis))
        begins_at, ends_at = self._edges(zone)
        return Series(rows, HOUR, zone, begins_at, ends_at)

    def _edges(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Whole days: a ledger says nothing of hours in which nothing was charged."""
        covered = self._covered
        if covered is None:
            return self._now, self._now
        last = max(covered.ends_at, self._as_of or covered.ends_at)
        after = last.astimezone(zone).date()
        night = midnight(after, zone)
        ends_at = night if night == last else midnight(after + timedelta(days=1), zone)
        return midnight(covered.starts_at.astimezone(zone).date(), zone), min(ends_at, self._now)

    def _members(self, budget: BudgetId) -> frozenset[BudgetId]:
        return self.policy.tree.family(budget)


def _hours(
    charges: Iterable[tuple[datetime, datetime, Micros]],
) -> Iterator[tuple[datetime, Micros]]:
    """Full hours; what is known by the day only is spread over its hours, to the micro-dollar."""
    sums: dict[datetime, int] = {}
    for starts_at, ends_at, amount in charges:
        first = starts_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        count = max(1, -(-(ends_at - first) // HOUR))
        for n in range(count):
            part = amount * (n + 1) // count - amount * n // count
            at = first + n * HOUR
            sums[at] = sums.get(at, 0) + part
    for at, total in sums.items():
        yield at, Micros(total)


def _calendar(policy: Policy, budget: Budget) -> WorkCalendar:
    """The organization's working days on the budget's clocks, as forecasts have it."""
    return replace(policy.organization.calendar, time_zone=budget.time_zone)


def _no_period(series: Series, budget: Budget, since: date | None) -> str:
    first = series.begins_at.astimezone(budget.time_zone).date()
    last = (series.ends_at - timedelta(microseconds=1)).astimezone(budget.time_zone).date()
    after = f" after {since}" if since else ""
    return f"no full {budget.cadence} between {first} and {last}{after}"
