"""A budget's outlook: what its period will cost, when its limit is reached, and when to look again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from bot.domain.forecast import Confidence, Forecast, Runway
from bot.domain.money import Micros
from bot.domain.spikes import Burn, Spike

OFTEN = timedelta(hours=1)
SELDOM = timedelta(hours=6)
SPREAD = 600  # seconds; ten thousand budgets are not looked at in the same minute


@dataclass(frozen=True, slots=True)
class Outlook:
    forecast: Forecast
    runway: Runway
    burn: Burn | None = None  # the last hours, and what is usual in them
    spike: Spike | None = None  # what is wrong with them, if anything

    @property
    def is_known(self) -> bool:
        """Whether there is enough history to say anything."""
        return self.forecast.confidence is not Confidence.NONE


def look_again_at(
    budget: str,
    outlook: Outlook | None,
    limit: Micros | None,
    at: datetime,
    *,
    rests_on_it: bool = False,
) -> datetime:
    """
    When the forecast is worth another look: in an hour, or in six where the limit is far.

    Far is a limit that is not reached in this period even when things go badly (P80), unless it
    `rests_on_it` alone that nobody was told.
    """
    far = not rests_on_it and _is_far(outlook, limit)
    wait = SELDOM if far else OFTEN
    return at + wait + timedelta(seconds=crc32(budget.encode()) % SPREAD)


def _is_far(outlook: Outlook | None, limit: Micros | None) -> bool:
    if outlook is None or not outlook.is_known or limit is None:
        return True
    p80 = outlook.forecast.p80
    return outlook.runway.p20 is None and (p80 is None or p80 <= limit)
