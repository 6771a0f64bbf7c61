"""Whether there is still room for an exception: by the policy, and where a transfer takes from."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.money import ZERO, Micros, dollars
from bot.domain.overages import OverageRequest, Terms, most_allowed
from bot.parts import Bot
from bot.render.blocks import escape
from store import standings


def no_room(
    tx: Session, bot: Bot, request: OverageRequest, granted: Terms, now: datetime
) -> str | None:
    """
    Why `granted` cannot be approved, in words; None when it can.

    The caller holds the limits of the budgets concerned, so nobody else takes the room meanwhile.
    """
    return _above_policy(tx, bot, request, granted, now) or _above_donor(
        tx, bot, request, granted, now
    )


def _above_policy(
    tx: Session, bot: Bot, request: OverageRequest, granted: Terms, now: datetime
) -> str | None:
    """Other exceptions may have been approved since it was asked for: the policy caps their sum."""
    standing = standings.of_budget(tx, bot.policy, request.budget, now)
    if standing is None or granted.amount <= (most := most_allowed(standing)):
        return None
    remedy = "Approve less, or deny it." if most else "Deny it."
    return (
        f"Request #{request.id} can no longer be approved: with the exceptions granted meanwhile "
        f"the policy allows {dollars(most)} more for {escape(standing.budget.name)}. {remedy}"
    )


def _above_donor(
    tx: Session, bot: Bot, request: OverageRequest, granted: Terms, now: datetime
) -> str | None:
    """A transfer never takes what the other budget has spent already."""
    if request.donor is None:
        return None
    standing = standings.of_budget(tx, bot.policy, request.donor, now)
    if standing is None or standing.limit is None:
        return (
            f"Request #{request.id} cannot be approved: it would take from "
            f"{escape(request.donor)}, which has no limit any more. Deny it."
        )
    if standing.spent + granted.amount <= standing.limit:
        return None
    room = Micros(max(standing.limit - standing.spent, ZERO))
    name = escape(standing.budget.name)
    remedy = "Approve less, or deny it." if room else "Deny it."
    return (
        f"Request #{request.id} cannot be approved: {name} has {dollars(room)} left of "
        f"{dollars(standing.limit)}, which is less than {dollars(granted.amount)}. {remedy}"
    )
