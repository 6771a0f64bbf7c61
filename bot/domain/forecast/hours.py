"""The hours of a local day: which share of it is over, and when a share will be."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import accumulate

from bot.domain.money import Micros
from bot.domain.periods import midnight
from bot.domain.spans import WorkCalendar

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVEN = (1 / 24,) * 24


def shape(hours: Sequence[Micros]) -> tuple[float, ...]:
    """The share of a day's spend in each local hour; an even day when nothing is known of hours."""
    amounts = [max(0, amount) for amount in hours[:24]]
    total = sum(amounts)
    if total <= 0 or len(amounts) != 24:
        return EVEN
    return tuple(amount / total for amount in amounts)


def share_over(
    shape: Sequence[float], day: date, moment: datetime, calendar: WorkCalendar
) -> float:
    """
    Which share of the day's spend belongs to the hours before `moment`, 0 to 1.

    The day of the spring has 23 hours and the one in autumn 25: its shares are scaled to 1.
    """
    return shares_over(shape, day, (moment,), calendar)[0]


def shares_over(
    shape: Sequence[float], day: date, moments: Iterable[datetime], calendar: WorkCalendar
) -> list[float]:
    """As `share_over`, for several moments: when a day begins is the dear part, and the same."""
    starts_at, slot, shares = _local(shape, day, calendar)
    before = list(accumulate(shares, initial=0.0))
    found = []
    for moment in moments:
        elapsed = max(0.0, (moment - starts_at) / slot)
        whole = int(elapsed)
        if whole >= len(shares):
            found.append(1.0)
        else:
            found.append(min(1.0, before[whole] + shares[whole] * (elapsed - whole)))
    return found


def moment_of(shape: Sequence[float], day: date, share: float, calendar: WorkCalendar) -> datetime:
    """When that share of the day's spend is reached, to the second; `share_over` the other way."""
    starts_at, slot, shares = _local(shape, day, calendar)
    before = 0.0
    for index, part in enumerate(shares):
        if part > 0 and before + part >= share:
            into = max(0.0, min(1.0, (share - before) / part))
            return (starts_at + (index + into) * slot).replace(microsecond=0)
        before += part
    return starts_at + len(shares) * slot


def _local(
    shape: Sequence[float], day: date, calendar: WorkCalendar
) -> tuple[datetime, timedelta, Sequence[float]]:
    """When the local day begins, how long its slots are, and the share of each, sum 1."""
    starts_at = midnight(day, calendar.time_zone)
    length = midnight(day + DAY, calendar.time_zone) - starts_at
    if length == DAY:
        return starts_at, HOUR, shape
    count = -(-length // HOUR)
    slot = length / count  # an hour; Lord Howe moves its clocks by half of one
    middles = (starts_at + (index + 0.5) * slot for index in range(count))
    shares = [shape[middle.astimezone(calendar.time_zone).hour] for middle in middles]
    total = sum(shares)
    return starts_at, slot, [part / total for part in shares] if total > 0 else [1 / count] * count
