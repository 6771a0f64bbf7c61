"""Where dollars may come from, now; and that the reserve is not given away twice."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Budget, Funding
from bot.domain.funding import Sources, could_give
from bot.domain.money import dollars
from bot.domain.overages import OverageRequest, Terms
from bot.effects.funding import reserve_now
from bot.parts import Bot
from store import reserve

MOST_DONORS = 60  # looked at for a form; its siblings first


def sources_of(tx: Session, bot: Bot, budget: Budget, now: datetime) -> Sources:
    """What may be chosen for a budget, and how much there is of each."""
    allowed = budget.overage.funding
    found = Sources(allowed, reserve_now(tx, bot, now))
    if Funding.TRANSFER not in allowed:
        return found
    tree = bot.policy.tree
    able = [b for b in tree if b.limit is not None and could_give(tree, budget.id, b.id)]
    near = sorted(able, key=lambda b: b.parent != budget.parent)[:MOST_DONORS]
    rooms = reserve.rooms(tx, bot.policy, [b.id for b in near], now)
    donors = tuple((b, rooms[b.id]) for b in near if rooms.get(b.id, 0) > 0)
    return Sources(allowed, found.reserve, donors)


def above_reserve(
    tx: Session, bot: Bot, request: OverageRequest, granted: Terms, now: datetime
) -> str | None:
    """
    Why the reserve cannot pay for what would be approved; None when it can, or does not.

    Asked under a lock, in the transaction that decides: two approvals do not find the same dollars.
    """
    if request.funding is None or request.funding.kind is not Funding.RESERVE:
        return None
    reserve.lock(tx)
    left = reserve_now(tx, bot, now)
    if left is not None and granted.amount <= left.left:
        return None
    has = f"has {dollars(left.left)} of {dollars(left.whole)} left" if left else "is no more"
    return (
        f"Request #{request.id} cannot be approved: the reserve {has}, which is less than "
        f"{dollars(granted.amount)}. Approve less, deny it, or have the requester change where the "
        "dollars come from."
    )
