"""
Backtest: the rules of the present on the spend of the past, and how they would have done.

    for period in series.full_periods(budget.cadence):
        walked = walk(series, period, limit, calendar)        # the dear part, once a period
        alerts = fired_by(walked, rule_sets(budget), calendar)
"""

from bot.domain.backtest.replay import Fired, Moment, Walk, fired, fired_by, walk
from bot.domain.backtest.rules import FIXED_80, NAMES, POLICY, RUNWAY, RuleSet, rule_sets
from bot.domain.backtest.scoring import Score, Verdict, lead_of, score, verdict
from bot.domain.backtest.series import Series
from bot.domain.backtest.suggest import Suggestion, suggest

__all__ = [
    "FIXED_80",
    "NAMES",
    "POLICY",
    "RUNWAY",
    "Fired",
    "Moment",
    "RuleSet",
    "Score",
    "Series",
    "Suggestion",
    "Verdict",
    "Walk",
    "fired",
    "fired_by",
    "lead_of",
    "rule_sets",
    "score",
    "suggest",
    "verdict",
    "walk",
]
