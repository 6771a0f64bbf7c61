"""The pattern of a budget: all that its complete days teach, learned once a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain.forecast.history import Confidence, History, confidence, recent
from bot.domain.forecast.hours import shape
from bot.domain.forecast.level import OLDEST, Level, Step, levels, step
from bot.domain.forecast.profile import Profile, flat, weekdays
from bot.domain.forecast.residuals import UNKNOWN, spread
from bot.domain.forecast.rhythm import UNSEEN, Rhythm, rhythm
from bot.domain.spans import WorkCalendar


@dataclass(frozen=True, slots=True)
class Pattern:
    """
    Profile, level, spread and hours of a budget.

    It holds as long as the complete days it was learned from do: keep it for the local day, and
    learn it anew when one of them is revised.
    """

    confidence: Confidence
    history: int  # days it was learned from
    seen: Profile  # as the days were
    profile: Profile  # as they would have been without the step
    level: Level
    since: date | None  # the first day of a new level, where there was a step
    spread: float
    hours: tuple[float, ...]
    calendar: WorkCalendar
    rhythm: Rhythm = UNSEEN  # under 14 days nobody asks for it


def learn(history: History, calendar: WorkCalendar) -> Pattern:
    """
    The pattern of the days; about 100 microseconds.

    The calendar's time zone is the one whose days they are. Under 14 days of history every day costs
    the trailing mean. What was before a step is lifted (or lowered) to the level after it, so that a
    Monday on the old level is still good for telling Mondays from Sundays.
    """
    first, days = recent(history)
    hours = shape(history.hours)
    sure = confidence(len(days))
    if sure is not Confidence.NORMAL:
        profile, total = flat(days), sum(days[-7:])
        level = Level(total, total)
        return Pattern(sure, len(days), profile, profile, level, None, UNKNOWN, hours, calendar)
    seen = profile = weekdays(first, days, calendar)
    expected = profile.expected(first, len(days))
    before, level = levels(days, expected)
    width = spread(days, expected, before)
    since = None
    if changed := _step(first, days, calendar):
        since = first + timedelta(changed.at)
        lifted = [amount * changed.factor for amount in days[: changed.at]] + days[changed.at :]
        profile = weekdays(first, lifted, calendar)
        _, level = levels(lifted, profile.expected(first, len(days)))
    return Pattern(
        sure,
        len(days),
        seen,
        profile,
        level,
        since,
        width,
        hours,
        calendar,
        rhythm(first, days, calendar),
    )


def _step(first: date, days: Sequence[float], calendar: WorkCalendar) -> Step | None:
    """Looked for against the weekdays as they were before the days on which it is looked for."""
    if len(days) < 2 * OLDEST:
        return None
    return step(days, weekdays(first, days[:-OLDEST], calendar).expected(first, len(days)))
