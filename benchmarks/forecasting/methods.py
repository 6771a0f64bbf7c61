"""The forecast and its rivals: from the days so far to the month's total."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from zoneinfo import ZoneInfo

from benchmarks.forecasting.month import Month
from bot.domain.forecast import Forecast, History, forecast, learn
from bot.domain.money import Micros
from bot.domain.periods import Period, midnight
from bot.domain.spans import WorkCalendar

Method = Callable[[Month, int], float]
ZONE = ZoneInfo("UTC")
CALENDAR = WorkCalendar(ZONE)  # a usual week and no holidays: the rivals know none either


def seen(month: Month, day: int) -> list[float]:
    """What is known in the evening of that day of the month."""
    return [*month.before, *month.during[:day]]


def predict(month: Month, day: int) -> Forecast:
    days = [Micros(round(amount * 1_000_000)) for amount in seen(month, day)]
    as_of = midnight(month.first_day + timedelta(day), ZONE)
    after = midnight(month.first_day + timedelta(len(month.during)), ZONE)
    period = Period(month.first_day, midnight(month.first_day, ZONE), after)
    pattern = learn(History(month.first_day - timedelta(len(month.before)), days), CALENDAR)
    return forecast(pattern, Micros(0), Micros(sum(days[len(month.before) :])), period, as_of)


def ours(month: Month, day: int) -> float:
    return (predict(month, day).p50 or 0) / 1_000_000


def linear(month: Month, day: int) -> float:
    """The month so far, for as many days as it has."""
    return sum(month.during[:day]) / day * len(month.during)


def seasonal_naive(month: Month, day: int) -> float:
    """The last seven days over and over."""
    week = seen(month, day)[-7:]
    left = len(month.during) - day
    return sum(month.during[:day]) + sum(week[n % 7] for n in range(left))


def holt_winters(month: Month, day: int) -> float:
    """
    Damped trend, weekly season, parameters fitted by statsmodels.

    The season is multiplicative where every day is above zero, else additive, as it must be. What
    is forecast below zero counts as nothing.
    """
    statsmodels = import_module("statsmodels.tsa.holtwinters")  # a benchmark-only dependency
    known = seen(month, day)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an optimiser that stops early; its result is used
        model = statsmodels.ExponentialSmoothing(
            known,
            trend="add",
            damped_trend=True,
            seasonal="mul" if min(known) > 0 else "add",
            seasonal_periods=7,
            initialization_method="estimated",
        )
        ahead: Sequence[float] = model.fit().forecast(len(month.during) - day)
    return sum(month.during[:day]) + sum(max(0.0, float(amount)) for amount in ahead)


def available() -> tuple[Mapping[str, Method], str | None]:
    """The methods that can run here, ours first, and what is missing for the rest."""
    methods: dict[str, Method] = {
        "ours": ours,
        "linear": linear,
        "seasonal_naive": seasonal_naive,
    }
    if find_spec("statsmodels") is None:
        return methods, "no Holt-Winters: pip install --group bench (statsmodels)"
    return {**methods, "holt_winters": holt_winters}, None
