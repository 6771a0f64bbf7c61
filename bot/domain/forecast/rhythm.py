"""The rhythm of a budget: how long it has been seen to spend, and on how many of its working days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain.forecast.profile import WINDOW
from bot.domain.spans import WorkCalendar


@dataclass(frozen=True, slots=True)
class Rhythm:
    """
    What of it was seen.

    `days` are the complete days since the first spend that is learned from; `working` are the
    working days among the last 28 of them, and `spending` those of these on which there was spend.
    """

    days: int = 0
    working: int = 0
    spending: int = 0

    def is_known(self, after: int) -> bool:
        """Seen for so many days, and on at least every other working day of late."""
        return self.days >= after and 0 < self.working <= 2 * self.spending


UNSEEN = Rhythm()


def rhythm(first: date, days: Sequence[float], calendar: WorkCalendar) -> Rhythm:
    """Of the days from `first` on: those that the profile is made of. Holidays are no working days."""
    skipped = max(0, len(days) - WINDOW)
    working = [
        amount
        for index, amount in enumerate(days[skipped:], skipped)
        if calendar.is_working(first + timedelta(index))
    ]
    return Rhythm(len(days), len(working), sum(amount > 0 for amount in working))
