"""An increase request as it is now, and why there is nothing to decide any more."""

from sqlmodel import Session

from bot.domain.errors import UserError
from bot.domain.increases import Increase, IncreaseState
from bot.effects import increases as effects
from bot.parts import Bot
from bot.render.increase import outcome
from store import increases

GONE = "This increase request is not known any more."
SWITCHED_OFF = (
    "Increase requests are not decided here any more: organization.increase_requests is no longer "
    "in the policy file. Decide it in claude.ai."
)


def load(tx: Session, increase_id: int, *, lock: bool = False) -> Increase:
    increase = increases.load(tx, increase_id, lock=lock)
    if increase is None:
        raise UserError(GONE)
    return increase


def why_over(tx: Session, bot: Bot, increase: Increase) -> str | None:
    """Who decided and when, here or elsewhere; None: it waits for a decision."""
    if increase.state is not IncreaseState.PENDING:
        said = outcome(effects.card_of(tx, bot, increase))
        return f"Increase request #{increase.id} is over: {said}"
    return SWITCHED_OFF if bot.policy.increases is None or bot.queue is None else None
