"""Where the dollars of a request come from, in words with figures."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Funding
from bot.domain.funding import Reserve, reserve_of, term_of
from bot.domain.overages import OverageRequest, RequestState
from bot.parts import Bot
from bot.render.funding import source_text
from store import reserve


def reserve_now(tx: Session, bot: Bot, now: datetime) -> Reserve | None:
    """None without a commitment, before it and after it."""
    commitment = bot.policy.commitment
    if commitment is None:
        return None
    starts_at, ends_at = term_of(commitment, bot.policy.organization.time_zone)
    if not starts_at <= now < ends_at:
        return None
    return reserve_of(commitment, reserve.taken(tx, starts_at, ends_at))


def source_of(tx: Session, bot: Bot, request: OverageRequest) -> str:
    """
    For its card; of the reserve what is left of it, while it can still be decided.

    A transfer is told by the card itself, with the name of the budget.
    """
    funding = request.funding
    if funding is None or funding.kind is Funding.TRANSFER:
        return ""
    left = None
    if funding.kind is Funding.RESERVE and request.state is RequestState.PENDING:
        left = reserve_now(tx, bot, bot.clock())
    return source_text(funding.kind, left)
