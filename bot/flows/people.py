"""Reading who is behind shared keys."""

from datetime import datetime

from bot.domain.policy import PeoplePolicy
from bot.intake.people import read_shares
from bot.parts import Bot


def read_people(bot: Bot, help_: PeoplePolicy, now: datetime) -> int | None:
    """How many shares were read; the next poll uses them."""
    return read_shares(bot, help_, now)
