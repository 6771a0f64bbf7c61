"""Runway: when the limit is reached, as a distribution and not as a point."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.forecast.hours import moment_of
from bot.domain.forecast.path import Path
from bot.domain.forecast.period_end import Forecast
from bot.domain.money import Micros


@dataclass(frozen=True, slots=True)
class Runway:
    """
    The moments before which the limit is reached with a probability of 20, 50 and 80 per cent.

    `p20` is the careful one and comes first. None: with that probability, not within this period.
    """

    p20: datetime | None
    p50: datetime | None
    p80: datetime | None


NEVER = Runway(None, None, None)


def runway(forecast: Forecast, limit: Micros | None) -> Runway:
    """
    When the spend reaches `limit`; already reached: at `as_of`.

    The limit is reached before a moment just when the spend by that moment is not below it, so the
    early fifth of the moments comes from the path that is exceeded by a fifth.
    """
    if limit is None:
        return NEVER
    headroom = limit - forecast.spent
    if headroom <= 0:
        return Runway(forecast.as_of, forecast.as_of, forecast.as_of)
    if forecast.path is None:
        return NEVER
    p20, p50, p80 = (_reached(forecast.path, percent, headroom) for percent in (80, 50, 20))
    return Runway(p20, p50, p80)


def _reached(path: Path, percent: int, headroom: int) -> datetime | None:
    """Within the day by the hours of its spend, so that a nightly batch runs out at night."""
    cumulative = path.quantile(percent)
    index = bisect_left(cumulative, headroom)
    if index == len(cumulative):
        return None
    before = cumulative[index - 1] if index else 0.0
    share = (headroom - before) / (cumulative[index] - before)
    if index == 0:
        share = path.over + share * (1 - path.over)
    day = path.first_day + timedelta(index)
    return max(path.as_of, moment_of(path.pattern.hours, day, share, path.pattern.calendar))
