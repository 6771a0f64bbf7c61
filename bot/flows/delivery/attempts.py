"""An attempt to deliver one entry, and when to stop trying."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.backoff import GIVE_UP_AFTER
from store.outbox import OutboxEntry

AT_LEAST = 3  # attempts before anything is given up for its age


@dataclass(frozen=True, slots=True)
class Attempt:
    """One entry was tried. `hold`: seconds in which its lane need not try anything else."""

    key: str
    sent: bool
    hold: float = 0


def too_old(entry: OutboxEntry, now: datetime) -> bool:
    """
    Tried for days, and a few times at the end of them.

    So neither a bot that was down for long nor an operator who sends it again gives up at once.
    """
    return now - entry.created_at > GIVE_UP_AFTER and entry.attempts >= AT_LEAST
