"""Where every budget stands: the ledger, the allocations and the raises, put together."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.budgets import UNATTRIBUTED, Budget, BudgetId
from bot.domain.limits import Allocation
from bot.domain.money import Micros
from bot.domain.periods import Period, period_at
from bot.domain.policy import Policy
from bot.domain.standings import RATE_WINDOW, Freshness, Standing, evaluate
from store import allocations, ledger, raises, sources
from store.sources import SourceState

Spend = Mapping[str, Micros]


def gather(tx: Session, policy: Policy, now: datetime) -> dict[BudgetId, Standing]:
    """The standing of every budget at `now`; a child's spend counts for its parents."""
    in_force = allocations.in_force(tx)
    live = raises.live(tx, now)
    fresh = freshness(tx, policy, now)
    recent, span = _recent(tx, policy, fresh, now)
    by_period: dict[Period, Spend] = {}
    standings: dict[BudgetId, Standing] = {}
    for budget in policy.tree:
        period = period_at(now, budget.cadence, budget.time_zone)
        if period not in by_period:
            by_period[period] = ledger.spend(
                tx, period.starts_at, min(period.ends_at, now), policy.basis
            )
        family = policy.tree.family(budget.id)
        standings[budget.id] = evaluate(
            budget=budget,
            period=period,
            allocation=in_force.get(budget.id) or _in_the_file(budget),
            raises=live.get(budget.id, []),
            spent=_total(by_period[period], family | _strays(policy, budget, by_period[period])),
            recent=_total(recent, family | _strays(policy, budget, recent)),
            recent_span=span,
            freshness=fresh,
            now=now,
        )
    return standings


def _in_the_file(budget: Budget) -> Allocation | None:
    """Before the first tick has applied the policy file, what it says; revision 0."""
    return None if budget.limit is None else Allocation(budget.id, budget.limit, revision=0)


def freshness(tx: Session, policy: Policy, now: datetime) -> Freshness:
    """
    As of when the figures are: the oldest source counts, and one blind source makes them stale.

    So does one whose figures are too old at `now`, for when nothing has ticked for a while.
    """
    states = [sources.load(tx, source.name) for source in policy.sources]
    if any(state.ok_at is None for state in states):
        failing = next(state for state in states if state.ok_at is None)
        reason = failing.blind_reason or "no usage has been read yet"
        return Freshness(None, stale=True, blind_since=failing.blind_since, reason=reason)
    as_of = min((_as_of(state) for state in states), default=None)
    blind = [state for state in states if state.blind_since is not None]
    if blind:
        worst = min(blind, key=lambda s: s.blind_since or s.ok_at)  # type: ignore[arg-type,return-value]
        return Freshness(as_of, True, worst.blind_since, worst.blind_reason)
    for source, state in zip(policy.sources, states, strict=True):
        if now - _as_of(state) > source.stale_after:
            hours = (now - _as_of(state)) // timedelta(hours=1)
            why = f"the figures of {source.name} are {hours} hours old"
            return Freshness(as_of, True, _as_of(state), why)
    return Freshness(as_of, stale=False)


def _as_of(state: SourceState) -> datetime:
    moment = state.refreshed_at or state.ok_at
    if moment is None:
        raise ValueError(f"source {state.name} was never read")
    return moment


def _recent(
    tx: Session, policy: Policy, fresh: Freshness, now: datetime
) -> tuple[Spend, timedelta]:
    """Spend of the last days up to where the figures end, and how long that was."""
    until = min(fresh.as_of or now, now)
    first = ledger.first_charge_at(tx)
    since = max(until - RATE_WINDOW, first) if first else until
    if since >= until:
        return {}, timedelta()
    return ledger.spend(tx, since, until, policy.basis), until - since


def _strays(policy: Policy, budget: Budget, spend: Spend) -> frozenset[BudgetId]:
    """Budgets that have left the policy file: what was charged to them is nobody's now."""
    if budget.id != UNATTRIBUTED:
        return frozenset()
    return frozenset(BudgetId(id_) for id_ in spend if id_ not in policy.tree.budgets)


def _total(spend: Spend, family: frozenset[BudgetId]) -> Micros:
    return Micros(sum(spend.get(budget, 0) for budget in family))
