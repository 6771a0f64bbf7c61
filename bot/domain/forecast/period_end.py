"""What the period will have cost at its end, and what that rests on."""

from dataclasses import dataclass
from datetime import date, datetime

from bot.domain.forecast.history import Confidence
from bot.domain.forecast.path import Path, ahead
from bot.domain.forecast.pattern import Pattern
from bot.domain.forecast.rhythm import UNSEEN, Rhythm
from bot.domain.money import Micros
from bot.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a forecast is explained with; see `explain.sentence`."""

    history: int  # days
    weekday: int | None  # Monday is 0; None: any day, the profile is flat
    count: int  # that many of them
    average: Micros  # of each
    level: int  # the last days, in per cent of what such days cost on average
    since: date | None  # the first day of a new level
    rest: Micros  # what is still to come in the period, P50


@dataclass(frozen=True, slots=True)
class Forecast:
    """
    The period's total that is not exceeded with a probability of 50 and of 80 per cent.

    None, and no path, while there are fewer than three days of history.
    """

    period: Period
    as_of: datetime
    spent: Micros
    p50: Micros | None
    p80: Micros | None
    confidence: Confidence
    grounds: Grounds
    path: Path | None
    rhythm: Rhythm = UNSEEN


def forecast(
    pattern: Pattern, today: Micros, spent: Micros, period: Period, as_of: datetime
) -> Forecast:
    """
    The forecast at `as_of`, where the figures end; about 20 microseconds.

    `today` was spent since local midnight and `spent` since the period began, both by the ledger. A
    budget that has not spent for 28 days is forecast to go on so; with its first charge today there
    is no forecast, because nothing is known about a day of it.
    """
    asleep = not any(pattern.profile.averages)
    if pattern.confidence is Confidence.NONE or (asleep and today > 0):
        grounds = Grounds(pattern.history, None, 0, Micros(0), 100, None, Micros(0))
        return Forecast(period, as_of, spent, None, None, Confidence.NONE, grounds, None)
    path = ahead(pattern, today, period, as_of)
    rest = _last(path, 50)
    p80 = max(rest, _last(path, 80))
    return Forecast(
        period,
        as_of,
        spent,
        Micros(spent + rest),
        Micros(spent + p80),
        pattern.confidence,
        _grounds(pattern, path, rest),
        path,
        pattern.rhythm,
    )


def _last(path: Path, percent: int) -> Micros:
    return Micros(round(path.quantile(percent)[-1])) if path.cumulative else Micros(0)


def _grounds(pattern: Pattern, path: Path, rest: Micros) -> Grounds:
    """Told by today's weekday, or by the dearest one where the team is idle on that."""
    averages, counts = pattern.seen.averages, pattern.seen.counts
    weekday = path.first_day.weekday()
    if not averages[weekday] or not counts[weekday]:
        weekday = max(range(7), key=lambda day: (counts[day] > 0, averages[day]))
    now = path.level * pattern.profile.averages[weekday]
    return Grounds(
        history=pattern.history,
        weekday=weekday if pattern.confidence is Confidence.NORMAL else None,
        count=counts[weekday],
        average=Micros(round(averages[weekday])),
        level=round(100 * now / averages[weekday]) if averages[weekday] else 100,
        since=pattern.since,
        rest=rest,
    )
