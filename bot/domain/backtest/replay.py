"""
Replay: what the rules would have found in each hour of a period, knowing only what was known then.

The stages are those of `bot.domain.stages`, called as a tick calls them; a replay has no rules of
its own. What a replay leaves out: exceptions, acknowledgements, figures that came late.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from bot.domain.backtest.rules import RuleSet
from bot.domain.backtest.series import Series
from bot.domain.budgets import Stage
from bot.domain.forecast import Forecast, Pattern, Runway, forecast, learn, runway
from bot.domain.money import Micros
from bot.domain.periods import Period, midnight
from bot.domain.spans import WorkCalendar
from bot.domain.spike_rule import DEFAULT, SpikeRule
from bot.domain.spikes import Burn, Spike, by_spike, spike
from bot.domain.stages import Reached, Reason, by_share, by_time, confirmed, worst
from bot.domain.usual_hours import swing

RECENT = 23  # hours, and the present one: a spike is told long before it lasts a day
SWING = 28 * 24  # hours, as the spike rule wants them


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the budget stood, and what was expected of it."""

    at: datetime
    spent: Micros
    forecast: Forecast
    runway: Runway
    spike: Spike | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """
    A full period, every moment of it, and how it ended.

    `reached_at` is when the limit was reached in a period that went beyond it, else None; `peak` is
    the most that was spent at any moment, which a credit may have lowered again.
    """

    period: Period
    limit: Micros
    moments: Sequence[Moment]
    spent: Micros
    peak: Micros
    reached_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that would have been sent."""

    at: datetime
    stage: Stage
    reason: Reason


def walk(
    series: Series,
    period: Period,
    limit: Micros,
    calendar: WorkCalendar,
    rule: SpikeRule | None = DEFAULT,
) -> Walk:
    """Every hour of the period, or every midnight when only days are known; about 40 ms a month."""
    peak, reached_at = _end(series, period, limit)
    return Walk(
        period,
        limit,
        tuple(_moments(series, period, limit, calendar, rule)),
        series.spent(period.starts_at, period.ends_at),
        peak,
        reached_at,
    )


def fired(walked: Walk, rules: RuleSet, calendar: WorkCalendar) -> tuple[Fired, ...]:
    """
    The alerts of a rule set in a period: one for each stage at most, a worse one mutes the milder.

    As `due_alert` has it; a spike is told beside the stages, once for a day, as `due_spike` has it.
    What the evaluation before found is forgotten with the period.
    """
    sent: list[Fired] = []
    worst_sent: Stage | None = None
    told: set[date] = set()
    before: Stage | None = None
    for moment in walked.moments:
        timed = _timed(walked, moment, rules, calendar)
        stage = worst(_shared(walked, moment, rules), confirmed(timed, before))
        before = timed.stage if timed else None
        if stage is not None and worst_sent is not None and stage.stage <= worst_sent:
            stage = None
        sudden = _spiked(walked, moment, rules, calendar)
        day = moment.spike.day(calendar.time_zone) if moment.spike else None
        if sudden is not None and day in told:
            sudden = None
        if sudden is not None and day is not None:
            told.add(day)
        # One message says both: the worse of them is what it is about.
        found = worst(stage, sudden)
        if found is None:
            continue
        if found is stage:
            worst_sent = found.stage
        sent.append(Fired(moment.at, found.stage, found.reason))
    return tuple(sent)


def fired_by(
    walked: Walk, rule_sets: Sequence[RuleSet], calendar: WorkCalendar
) -> Mapping[str, tuple[Fired, ...]]:
    return {rules.name: fired(walked, rules, calendar) for rules in rule_sets}


def _shared(walked: Walk, moment: Moment, rules: RuleSet) -> Reached | None:
    if not rules.by_share:
        return None
    return by_share(rules.budget, moment.spent, walked.limit, moment.forecast)


def _timed(walked: Walk, moment: Moment, rules: RuleSet, calendar: WorkCalendar) -> Reached | None:
    if not rules.by_time:
        return None
    return by_time(rules.budget, walked.limit, moment.forecast, moment.runway, calendar, moment.at)


def _spiked(walked: Walk, moment: Moment, rules: RuleSet, calendar: WorkCalendar) -> Reached | None:
    if not rules.by_spike:
        return None
    return by_spike(rules.budget, moment.spike, moment.spent, walked.limit, calendar, moment.at)


def _moments(
    series: Series,
    period: Period,
    limit: Micros,
    calendar: WorkCalendar,
    rule: SpikeRule | None,
) -> Iterator[Moment]:
    learned: date | None = None
    pattern: Pattern | None = None
    for at in series.moments(period):
        day = at.astimezone(calendar.time_zone).date()
        if pattern is None or day != learned:
            learned, pattern = day, learn(series.history(day), calendar)
            spikes = _Spikes(series, period, limit, pattern, at, rule)
        spent = series.spent(period.starts_at, at)
        today = series.spent(midnight(day, calendar.time_zone), at)
        ahead = forecast(pattern, today, spent, period, at)
        yield Moment(at, spent, ahead, runway(ahead, limit), spikes.at(at))


class _Spikes:
    """Looked for in a day, where hours are known."""

    def __init__(
        self,
        series: Series,
        period: Period,
        limit: Micros,
        pattern: Pattern,
        day: datetime,
        rule: SpikeRule | None,
    ) -> None:
        self._rule = rule
        self._series, self._pattern, self._day = series, pattern, day
        self._period, self._limit = period, limit

    def at(self, at: datetime) -> Spike | None:
        """The hour that just ended is told from its own amount first: most are far too small."""
        rule = self._rule
        if rule is None or not self._series.hourly:
            return None
        hours = [*self._series.hours_before(at, RECENT), self._series.begun(at)]
        least = rule.floor(self._limit)
        if max(hours[-2:]) * rule.long < least or sum(hours[-rule.long - 1 :]) < least:
            return None
        burn = Burn(hours, at, self._period, self._limit, self._pattern, self._swing)
        return spike(burn, rule)

    @cached_property
    def _swing(self) -> Micros:
        return swing(self._series.hours_before(self._day, SWING), self._pattern, self._day)


def _end(series: Series, period: Period, limit: Micros) -> tuple[Micros, datetime | None]:
    """The most that was spent, and when the limit was reached; within an hour or day it is even."""
    spent = peak = 0
    reached_at: datetime | None = None
    for starts_at, ends_at, amount in series.within(period):
        if reached_at is None and spent + amount >= limit and amount > 0:
            reached_at = starts_at + (ends_at - starts_at) * ((limit - spent) / amount)
        spent += amount
        peak = max(peak, spent)
    return Micros(peak), reached_at if peak > limit else None
