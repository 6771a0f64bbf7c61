"""The first poll of a source, for whoever wants its figures and nothing to follow from them yet."""

from datetime import datetime

from bot.clients.usage.errors import SourceUnavailable
from bot.domain.policy import SourcePolicy
from bot.domain.usage import Fetched
from bot.flows.tick.applying import apply_policy
from bot.intake.polling import read
from bot.intake.taking_in import take_in
from bot.parts import Bot
from store import sources


def read_first(bot: Bot, source: SourcePolicy, now: datetime) -> Fetched | None:
    """
    Names and the current period of a source that was never read; None when it was.

    History comes before something, and is attributed by names. Alerts and limits are left to the
    first tick. Raises SourceError, and then nothing has changed: nobody is told that we are blind.
    """
    with bot.db.transaction() as tx:
        if sources.load(tx, source.name).covered_from is not None:
            return None
    reading = read(bot, source, now)
    if reading.fetched is None:
        raise SourceUnavailable(reading.error or f"{source.name} said nothing")
    with bot.db.transaction() as tx:
        apply_policy(tx, bot, now)
        take_in(tx, bot, reading, now)
    return reading.fetched
