"""The backtest of one budget: its full periods replayed, scored, and what they suggest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median

from bot.domain.backtest.replay import Fired, Walk, fired_by, walk
from bot.domain.backtest.rules import NAMES, rule_sets
from bot.domain.backtest.scoring import WARNINGS, Score, lead_of, score, verdict
from bot.domain.backtest.series import DAY, Series
from bot.domain.backtest.suggest import Suggestion, suggest
from bot.domain.budgets import Budget
from bot.domain.money import Micros
from bot.domain.periods import Period
from bot.domain.spans import WorkCalendar


@dataclass(frozen=True, slots=True)
class Replayed:
    """A period, and the alerts of each rule set in it."""

    walk: Walk
    alerts: Mapping[str, tuple[Fired, ...]]


@dataclass(frozen=True, slots=True)
class Backtest:
    budget: Budget
    periods: tuple[Replayed, ...]
    scores: Mapping[str, Score]
    suggestion: Suggestion
    limits_from: str = "the limit that was given"

    @property
    def overruns(self) -> int:
        return sum(one.walk.reached_at is not None for one in self.periods)

    def median_lead(self, rules: str) -> float | None:
        """Days from the first warning to the limit, over the overruns that were warned of."""
        leads = []
        for one in self.periods:
            warnings = [alert for alert in one.alerts[rules] if alert.stage in WARNINGS]
            lead = lead_of(warnings[0], one.walk.reached_at) if warnings else None
            if lead:
                leads.append(lead / DAY)
        return median(leads) if leads else None


def backtest(
    series: Series,
    budget: Budget,
    limit_of: Callable[[Period], Micros],
    calendar: WorkCalendar,
    since: date | None = None,
    limits_from: str = "the limit that was given",
) -> Backtest:
    """
    Every full period of the series that does not begin before `since`; what is before is history.

    About 0.1 seconds for a month of hours, and as much again for each overrun to suggest from.
    """
    rules = rule_sets(budget)
    periods = []
    for period in series.full_periods(budget.cadence, since):
        walked = walk(series, period, limit_of(period), calendar, budget.thresholds.spike)
        periods.append(Replayed(walked, fired_by(walked, rules, calendar)))
    scores = {
        name: score(
            [verdict(one.walk, one.alerts[name], budget.lead_time, calendar) for one in periods]
        )
        for name in NAMES
    }
    suggestion = suggest([one.walk for one in periods], budget, calendar)
    return Backtest(budget, tuple(periods), scores, suggestion, limits_from)
