"""Budgets with everything below them: their periods, their members' charges, and the sums going up."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import UNATTRIBUTED, BudgetId
from bot.domain.money import Micros
from bot.domain.periods import Period, period_at
from bot.domain.policy import Policy
from store import spending, touched
from store.spending import Own, Sums

_NOTHING: Mapping[str, Sums] = {}


class Family:
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


def families_of(
    tx: Session, policy: Policy, wanted: Collection[BudgetId], now: datetime
) -> dict[BudgetId, Family]:
    changed = touched.waiting(tx).budgets
    periods = periods_of(policy, now, wanted)
    by_start: dict[datetime, list[BudgetId]] = {}
    for id_, period in periods.items():
        by_start.setdefault(period.starts_at, []).append(id_)
    families: dict[BudgetId, Family] = {}
    for starts_at, ids in by_start.items():
        members = {id_: policy.tree.family(id_) for id_ in ids}
        everybody = UNATTRIBUTED in members or len(ids) == len(policy.tree.budgets)
        some = None if everybody else frozenset().union(*members.values())
        own = spending.of(tx, starts_at, now, some, changed)
        for id_ in ids:
            strays = _strays(policy, id_, own)
            families[id_] = Family(periods[id_], [*members[id_], *strays], own)
    return families


def _strays(policy: Policy, budget: BudgetId, own: Own) -> list[str]:
    """Budgets that have left the policy file: what was charged to them is nobody's now."""
    if budget != UNATTRIBUTED:
        return []
    return [id_ for id_ in own if id_ not in policy.tree.budgets]


def periods_of(
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


def with_parents(policy: Policy, budgets: Collection[str]) -> set[BudgetId]:
    """These budgets and all above them; one that has left the policy file counts as unattributed."""
    parents = policy.tree.budgets
    found: set[BudgetId] = set()
    for budget in budgets:
        at: BudgetId | None = BudgetId(budget) if budget in parents else UNATTRIBUTED
        while at is not None and at not in found:
            found.add(at)
            at = parents[at].parent
    return found


def rolled_up(policy: Policy, own: Mapping[str, int]) -> dict[str, int]:
    """What each budget has spent with everything below it; one that is missing has spent nothing."""
    totals = dict(own)
    strays = sum(own[id_] for id_ in own.keys() - policy.tree.budgets.keys())
    totals[UNATTRIBUTED] = totals.get(UNATTRIBUTED, 0) + strays
    for id_, parent in policy.tree.links:
        if amount := totals.get(id_):
            totals[parent] = totals.get(parent, 0) + amount
    return totals
