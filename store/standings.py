"""Where every budget stands: the ledger, the allocations and the raises, put together."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Budget, BudgetId
from bot.domain.limits import Allocation
from bot.domain.periods import period_at
from bot.domain.policy import Policy
from bot.domain.standings import Freshness, Standing, evaluate, together
from store import allocations, outlooks, raises, spending, touched, watching
from store.families import Family, families_of, periods_of, rolled_up, with_parents
from store.freshness import by_source, imported, is_imported
from store.recent import Recent


def gather(
    tx: Session, policy: Policy, now: datetime, only: Collection[BudgetId] | None = None
) -> dict[BudgetId, Standing]:
    """
    The standings of the budgets in `only`, or of every one, the children first.

    A child's spend counts for its parents. A budget's figures are as old as those of the sources
    that feed it: one that is blind says nothing about budgets it never charged.
    """
    some = None if only is None else frozenset(only)
    wanted = [id_ for id_ in policy.tree.children_first if some is None or id_ in some]
    in_force = allocations.in_force(tx, None if only is None else wanted)
    live = raises.live(tx, now)
    families = families_of(tx, policy, wanted, now)
    ages = {**by_source(tx, policy, now), **imported(tx, families.values(), now)}
    fresh = {id_: _freshness(families[id_], ages, now) for id_ in wanted}
    recent = Recent(tx, policy, families, fresh, now)
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
    totals: dict[datetime, Mapping[str, int]] = {}
    ahead: set[str] = set()
    for starts_at in starts:
        ahead |= spending.work_out(tx, starts_at, now, unsure, taken.budgets)
        totals[starts_at] = rolled_up(policy, spending.totals(tx, starts_at, policy.basis))
    touched.note(tx, ahead)  # until their charges have begun
    if not stands:
        spending.forget_others(tx, totals)
    # Where all stands, only what was touched and what lies above it can have spent anything else.
    some = with_parents(policy, taken.budgets) if stands else None
    before = {starts_at: watching.spent(tx, starts_at, some) for starts_at in starts}
    anew: dict[BudgetId, tuple[datetime, int]] = {}
    changed: dict[BudgetId, int] = {}
    for id_, period in periods_of(policy, now, some).items():
        total = totals[period.starts_at].get(id_, 0)
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


def _freshness(family: Family, ages: Mapping[str, Freshness], now: datetime) -> Freshness:
    """
    Of the polled sources that feed it; of all of them where nothing has been charged yet.

    What is pushed or imported comes when it comes: a budget of only that is as fresh as it can be,
    which of imported files is where they end.
    """
    known = {source: ages[source] for source in family.sources if source in ages}
    polled = [age for source, age in known.items() if not is_imported(source)]
    if polled:
        return together(polled)
    if family.sources:
        pushed = len(known) < len(family.sources)
        ends = [age.as_of for age in known.values() if age.as_of]
        return Freshness(now if pushed or not ends else max(ends), stale=False)
    return together([age for source, age in ages.items() if not is_imported(source)])


def _in_the_file(budget: Budget) -> Allocation | None:
    """Before the first tick has applied the policy file, what it says; revision 0."""
    return None if budget.limit is None else Allocation(budget.id, budget.limit, revision=0)
