"""
Backtest: the rules of the present on the spend of the past, and how they would have done.

    found = backtest(series, budget, limit_of, calendar)
    found.scores["policy"].in_time, found.suggestion.why
"""

from bot.domain.backtest.replay import Fired, Moment, Walk, fired, fired_by, walk
from bot.domain.backtest.report import Backtest, Replayed, backtest
from bot.domain.backtest.rules import FIXED_80, NAMES, POLICY, RUNWAY, RuleSet, rule_sets
from bot.domain.backtest.scoring import Score, Verdict, lead_of, score, verdict
from bot.domain.backtest.series import Series
from bot.domain.backtest.suggest import Suggestion, suggest

__all__ = [
    "FIXED_80",
    "NAMES",
    "POLICY",
    "RUNWAY",
    "Backtest",
    "Fired",
    "Moment",
    "Replayed",
    "RuleSet",
    "Score",
    "Series",
    "Suggestion",
    "Verdict",
    "Walk",
    "backtest",
    "fired",
    "fired_by",
    "lead_of",
    "rule_sets",
    "score",
    "suggest",
    "verdict",
    "walk",
]
