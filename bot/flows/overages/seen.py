"""Whether a click is still about the request that it was shown."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.money import dollars
from bot.domain.overages import OverageRequest
from bot.effects.request_cards import card_of
from bot.flows.overages.outcomes import NotDecided, why_over
from bot.parts import Bot
from bot.render.blocks import moment


def why_not_now(
    tx: Session, bot: Bot, request: OverageRequest, revision: int | None, now: datetime
) -> NotDecided | None:
    """Why nothing is decided: it is over, or was changed since it was shown; None: go on."""
    if (over := why_over(tx, bot, request, now)) is not None:
        return over
    if revision is None or revision == request.revision:
        return None
    card = card_of(tx, bot, request)
    return NotDecided(
        f"Request #{request.id} was changed since this was shown to you: now it is for "
        f"{dollars(request.amount)} until {moment(request.ends_at, card.zone)}. Nothing was "
        "decided; look at the new figures."
    )
