"""A forecast in one sentence."""

from datetime import date

from bot.domain.forecast.history import ENOUGH, LEAST, Confidence
from bot.domain.forecast.period_end import Forecast, Grounds
from bot.domain.money import Micros, dollars, micros
from bot.domain.periods import Period

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def sentence(forecast: Forecast) -> str:
    """`Your last 4 Mondays averaged $410; at that level the rest of November costs $5,900.`"""
    grounds = forecast.grounds
    if forecast.confidence is Confidence.NONE:
        if grounds.history >= LEAST:
            return "Nothing was spent for weeks before today: no forecast yet."
        return f"Less than {LEAST} days of history: no forecast yet."
    rest = f"at that level the rest of {_name(forecast.period)} costs {_about(grounds.rest)}"
    if grounds.weekday is None:
        return (
            f"Your last {_days(grounds.count)} averaged {_about(grounds.average)} a day"
            f"{_change(grounds, 'with today')}; {rest} "
            f"(low confidence: less than {ENOUGH} days of history)."
        )
    day = WEEKDAYS[grounds.weekday]
    return (
        f"Your last {grounds.count} {day}s averaged {_about(grounds.average)}"
        f"{_change(grounds)}; {rest}."
    )


def _change(grounds: Grounds, when: str = "lately") -> str:
    """
    How the last days differ from that average: up to 5 per cent not at all, and with the day it
    began only where it is as much as a step must be.
    """
    level = grounds.level
    if 95 <= level <= 105:
        return ""
    if grounds.since and not 80 <= level <= 125:
        when = f"since {_date(grounds.since)}"
    if level >= 200:
        return f" and {when} you spend {level / 100:.1f} times that"
    if level > 100:
        return f" and {when} you spend {level - 100} % more"
    return f" and {when} you spend {100 - level} % less"


def _name(period: Period) -> str:
    """A period by its length: a month by its name, the others by what they are."""
    days = round((period.ends_at - period.starts_at).total_seconds() / 86_400)
    if days <= 1:
        return "today"
    if days <= 7:
        return "the week"
    if days <= 31:
        return MONTHS[period.first_day.month - 1]
    return "the quarter"


def _days(count: int) -> str:
    return f"{count} days"


def _date(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


def _about(amount: Micros) -> str:
    """Whole dollars from $10 on: cents would claim to be known."""
    return dollars(micros(round(amount / 1_000_000)) if abs(amount) >= micros(10) else amount)
