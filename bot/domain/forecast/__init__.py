"""
Forecast of a budget: what its period will cost, and when its limit is reached.

A weekday profile of the last 28 days, times the level of the last days, plus what the hours of today
say; quantiles from the pattern's own misses. In three calls, so that the dear one is made once a day:

    pattern = learn(history, calendar)                      # changes when a complete day does
    outlook = forecast(pattern, today, spent, period, as_of)
    runway(outlook, limit)                                  # for as many limits as one likes

Money comes in and goes out in whole micro-dollars. In between are floats: averages and spreads are
estimates, and a forecast is the one amount here that nobody pays.
"""

from bot.domain.forecast.explain import sentence
from bot.domain.forecast.history import Confidence, History, history_of
from bot.domain.forecast.pattern import Pattern, learn
from bot.domain.forecast.period_end import Forecast, Grounds, forecast
from bot.domain.forecast.rhythm import Rhythm
from bot.domain.forecast.runway import Runway, runway

__all__ = [
    "Confidence",
    "Forecast",
    "Grounds",
    "History",
    "Pattern",
    "Rhythm",
    "Runway",
    "forecast",
    "history_of",
    "learn",
    "runway",
    "sentence",
]
