"""What exceptions have taken from the reserve of the commitment, and what room budgets have."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId, Funding
from bot.domain.limits import Allocation, effective_limit
from bot.domain.money import Micros
from bot.domain.policy import Policy
from store import allocations, raises
from store.families import families_of
from store.tables import RequestRow

_LOCK = 0x7265_7365_7276_65  # a number of our own: "reserve"


def lock(tx: Session) -> None:
    """
    One approval at a time looks at the reserve and takes from it; others wait until it committed.

    After the request's row, before the limit states. SQLite lets only one write anyway.
    """
    if tx.connection().dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def taken(tx: Session, starts_at: datetime, ends_at: datetime) -> Micros:
    """
    Granted from it by decisions in that time; one that ended early has taken all the same.

    What was denied was granted nothing.
    """
    total = tx.exec(
        select(func.coalesce(func.sum(col(RequestRow.granted)), 0)).where(
            col(RequestRow.funding)["kind"].as_string() == Funding.RESERVE.value,
            col(RequestRow.decided_at) >= starts_at,
            col(RequestRow.decided_at) < ends_at,
        )
    ).one()
    return Micros(int(total))


def rooms(
    tx: Session, policy: Policy, budgets: Collection[BudgetId], now: datetime
) -> dict[BudgetId, Micros]:
    """How much of its effective limit each has not spent; those without a limit are left out."""
    in_force = allocations.in_force(tx, budgets)
    live = raises.live(tx, now)
    families = families_of(tx, policy, budgets, now)
    found: dict[BudgetId, Micros] = {}
    for id_ in budgets:
        limit = policy.tree.budgets[id_].limit
        allocation = in_force.get(id_) or (Allocation(id_, limit, 0) if limit is not None else None)
        if allocation is not None:
            whole = effective_limit(allocation, live.get(id_, []), now)
            found[id_] = Micros(whole - families[id_].spent(policy))
    return found
