"""Where every budget stands: the ledger, the allocations and the raises, put together."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.budgets import UNATTRIBUTED, Budget, BudgetId
from bot.domain.limits import Allocation
from bot.domain.money import Micros
from bot.domain.periods import Period, period_at
from bot.domain.policy import Policy
from bot.domain.standings import RATE_WINDOW, Freshness, Standing, evaluate, together
from store import allocations, ledger, outlooks, raises, spending, touched, watching
from store.freshness import by_source
from store.spending import Own, Sums

_NOTHING: Mapping[str, Sums] = {}


def gather(
    tx: Session, policy: Policy, now: datetime, only: Collection[BudgetId] | None = None
) -> dict[BudgetId, Standing]:
    """
    The standings of the budgets in `only`, or of every one, the children first.

    A child's spend counts for its parents. A budget's figures are as old as those of the sources
    that feed it: one that is blind says nothing about budgets it never charged.
    """
    wanted = [id_ for id_ in policy.tree.children_first if only is None or id_ in only]
    in_force = allocations.in_force(tx, None if only is None else wanted)
    live = raises.live(tx, now)
    families = _families(tx, policy, wanted, now)
    ages = by_source(tx, policy, now)
    fresh = {id_: _freshness(families[id_], ages, now) for id_ in wanted}
    recent = _Recent(tx, policy, families, fresh, now)
    timed = watching.timed(tx, wanted)
    found = {
        id_: evaluate(
            budget=policy.tree.budgets[id_],
            period=families[id_].period,
            allocation=in_force.get(id_) or _in_the_file(policy.tree.budgets[id_]),
            raises=live.get(id_, []),
            spent=families[id_].spent(policy),
            estimated=families[id_].estimated(policy),
            recent=recent.spent(id_),
            recent_span=recent.span(id_),
            freshness=fresh[id_],
            now=now,
        )
        for id_ in wanted
    }
    # Before the first figures there is nothing to foresee: no spend is not $0.
    known = [s for s in found.values() if s.freshness.as_of is not None]
    ahead = outlooks.of(tx, policy, [_asked(s, families[s.budget.id].members) for s in known])
    return {
        id_: replace(s, outlook=ahead.get(id_), timed=timed.get((id_, s.period.starts_at)))
        for id_, s in found.items()
    }


def _asked(standing: Standing, members: Collection[str]) -> outlooks.Asked:
    until = min(standing.freshness.as_of or standing.at, standing.at)
    return outlooks.Asked(
        standing.budget, members, standing.period, standing.spent, standing.limit, until
    )


def of_budget(tx: Session, policy: Policy, budget: BudgetId, now: datetime) -> Standing | None:
    """One budget's standing; None when it has left the policy file."""
    return gather(tx, policy, now, only=[budget]).get(budget)


def freshness(tx: Session, policy: Policy, now: datetime) -> Freshness:
    """As of when all the figures together are."""
    return together(list(by_source(tx, policy, now).values()))


def refresh(tx: Session, policy: Policy, now: datetime) -> None:
    """
    Work out again what changed since the last tick, so that `watching.due` can say what follows.

    New budgets, new periods and changed limits are looked at whatever was spent.
    """
    watching.lock(tx)
    taken = touched.take(tx)
    starts = {period_at(now, *calendar).starts_at for calendar in policy.tree.calendars}
    stands = not taken.limits and _all_stands(tx, policy, starts, now)
    if stands and not taken.budgets:
        return
    unsure = None if stands else policy.tree.budgets
    sums: dict[datetime, Mapping[str, int]] = {}
    ahead: set[str] = set()
    for starts_at in starts:
        ahead |= spending.work_out(tx, starts_at, now, unsure, taken.budgets)
        sums[starts_at] = spending.totals(tx, starts_at, policy.basis)
    touched.note(tx, ahead)  # until their charges have begun
    spending.forget_others(tx, sums)
    periods = _periods(policy, now)
    before = {starts_at: watching.spent(tx, starts_at) for starts_at in starts}
    anew: dict[BudgetId, tuple[datetime, int]] = {}
    changed: dict[BudgetId, int] = {}
    for (id_, period), total in zip(
        periods.items(), _rolled_up(policy, periods, sums), strict=True
    ):
        known = before[period.starts_at].get(id_)
        if known is None or id_ in taken.limits:
            anew[id_] = (period.starts_at, total)
        elif known != total:
            changed[id_] = total
    watching.look_now(tx, anew, now)
    watching.update_spent(tx, changed)
    if taken.limits:
        watching.forget_others(tx, policy.tree.budgets)


def _all_stands(tx: Session, policy: Policy, starts: Collection[datetime], now: datetime) -> bool:
    """Whether every budget is watched in its present period, by a memo that is not ahead of us."""
    watched = watching.count(tx, starts, now)
    return watched == len(policy.tree.budgets) and not spending.is_ahead(tx, now)


class _Family:
    """A budget and everything below it, with their own charges in the budget's period."""

    def __init__(self, period: Period, members: Collection[str], own: Own) -> None:
        self.period = period
        self.members = members
        self._sums = [(s, sums) for m in members for s, sums in own.get(m, _NOTHING).items()]

    @property
    def sources(self) -> set[str]:
        return {source for source, _ in self._sums}

    def spent(self, policy: Policy) -> Micros:
        return Micros(sum(sums.amount(policy.basis) for _, sums in self._sums))

    def estimated(self, policy: Policy) -> Micros:
        return Micros(sum(sums.estimated(policy.basis) for _, sums in self._sums))


def _families(
    tx: Session, policy: Policy, wanted: Collection[BudgetId], now: datetime
) -> dict[BudgetId, _Family]:
    changed = touched.waiting(tx).budgets
    periods = _periods(policy, now, wanted)
    by_start: dict[datetime, list[BudgetId]] = {}
    for id_, period in periods.items():
        by_start.setdefault(period.starts_at, []).append(id_)
    families: dict[BudgetId, _Family] = {}
    for starts_at, ids in by_start.items():
        members = {id_: policy.tree.family(id_) for id_ in ids}
        everybody = UNATTRIBUTED in members or len(ids) == len(policy.tree.budgets)
        some = None if everybody else frozenset().union(*members.values())
        own = spending.of(tx, starts_at, now, some, changed)
        for id_ in ids:
            strays = _strays(policy, id_, own)
            families[id_] = _Family(periods[id_], [*members[id_], *strays], own)
    return families


def _strays(policy: Policy, budget: BudgetId, own: Own) -> list[str]:
    """Budgets that have left the policy file: what was charged to them is nobody's now."""
    if budget != UNATTRIBUTED:
        return []
    return [id_ for id_ in own if id_ not in policy.tree.budgets]


def _periods(
    policy: Policy, now: datetime, wanted: Collection[BudgetId] | None = None
) -> dict[BudgetId, Period]:
    """The current period of each budget; most share one, so each is worked out once."""
    if wanted is None and len(policy.tree.calendars) == 1:
        (calendar,) = policy.tree.calendars
        return dict.fromkeys(policy.tree.children_first, period_at(now, *calendar))
    found: dict[tuple[object, object], Period] = {}
    periods: dict[BudgetId, Period] = {}
    for id_ in policy.tree.children_first if wanted is None else wanted:
        budget = policy.tree.budgets[id_]
        kind = (budget.cadence, budget.time_zone)
        if kind not in found:
            found[kind] = period_at(now, budget.cadence, budget.time_zone)
        periods[id_] = found[kind]
    return periods


def _rolled_up(
    policy: Policy, periods: Mapping[BudgetId, Period], sums: Mapping[datetime, Mapping[str, int]]
) -> list[int]:
    """What each budget in `periods` (the children first) has spent with everything below it."""
    below: dict[datetime, dict[str, int]] = {}
    for starts_at, own in sums.items():
        totals = dict(own)
        strays = sum(total for id_, total in own.items() if id_ not in policy.tree.budgets)
        totals[UNATTRIBUTED] = totals.get(UNATTRIBUTED, 0) + strays
        for id_, parent in policy.tree.links:
            totals[parent] = totals.get(parent, 0) + totals.get(id_, 0)
        below[starts_at] = totals
    return [below[period.starts_at].get(id_, 0) for id_, period in periods.items()]


def _freshness(family: _Family, ages: Mapping[str, Freshness], now: datetime) -> Freshness:
    """
    Of the polled sources that feed it; of all of them where nothing has been charged yet.

    What is pushed or imported comes when it comes: a budget of only that is as fresh as it can be.
    """
    feeding = [ages[source] for source in family.sources if source in ages]
    if family.sources and not feeding:
        return Freshness(now, stale=False)
    return together(feeding or list(ages.values()))


class _Recent:
    """Spend of the last days up to where the figures end, and how long that was."""

    def __init__(
        self,
        tx: Session,
        policy: Policy,
        families: Mapping[BudgetId, _Family],
        fresh: Mapping[BudgetId, Freshness],
        now: datetime,
    ) -> None:
        self._families = families
        self._until = {id_: min(fresh[id_].as_of or now, now) for id_ in families}
        first = ledger.first_charge_at(tx)
        self._since: dict[datetime, datetime] = {}
        self._spend: dict[datetime, Mapping[str, Micros]] = {}
        for until in set(self._until.values()):
            since = max(until - RATE_WINDOW, first) if first else until
            self._since[until] = min(since, until)
            members = {
                member
                for id_, family in families.items()
                if self._until[id_] == until
                for member in family.members
            }
            few = members if len(members) < len(policy.tree.budgets) else None
            self._spend[until] = (
                ledger.spend(tx, since, until, policy.basis, few) if since < until else {}
            )

    def spent(self, budget: BudgetId) -> Micros:
        spend = self._spend[self._until[budget]]
        return Micros(sum(spend.get(member, 0) for member in self._families[budget].members))

    def span(self, budget: BudgetId) -> timedelta:
        until = self._until[budget]
        return until - self._since[until]


def _in_the_file(budget: Budget) -> Allocation | None:
    """Before the first tick has applied the policy file, what it says; revision 0."""
    return None if budget.limit is None else Allocation(budget.id, budget.limit, revision=0)
