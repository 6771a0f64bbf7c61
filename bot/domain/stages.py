"""Which stage a budget has reached: by share of the limit, or by the time that is left, whichever is worse."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.budgets import AtLimit, Budget, Stage
from bot.domain.forecast import Confidence, Forecast, Runway
from bot.domain.money import ZERO, Micros
from bot.domain.spans import Span, WorkCalendar


class Reason(StrEnum):
    """Why a stage is reached; the words go into the row, the message and the log."""

    SHARE = "share of the limit spent"
    FORECAST = "forecast above the limit"
    RUNWAY = "runway shorter than the time needed"
    SPIKE = "spending far faster than usual"


@dataclass(frozen=True, slots=True)
class Reached:
    stage: Stage
    reason: Reason


def by_share(
    budget: Budget, spent: Micros, limit: Micros | None, forecast: Forecast | None = None
) -> Reached | None:
    """
    `spent * 100 >= limit * percent`, in whole numbers: a threshold is exact to the micro-dollar.

    A share that `forecast` overrules does not count; at the limit every one does.
    """
    reached = of_share(budget, spent, limit)
    if reached is None or reached.stage is Stage.EXHAUSTED:
        return reached
    return None if limit is not None and overrules(forecast, budget, limit) else reached


def of_share(budget: Budget, spent: Micros, limit: Micros | None) -> Reached | None:
    """The stage whose share of the limit is spent, whatever the forecast says."""
    if limit is None or spent <= ZERO:
        return None
    for stage in reversed(Stage):
        if spent * 100 >= limit * budget.thresholds.percent(stage):
            return Reached(stage, Reason.SHARE)
    return None


def overrules(forecast: Forecast | None, budget: Budget, limit: Micros) -> bool:
    """
    Whether a forecast that has seen the budget's rhythm expects the limit to hold, even when things
    go badly (P80); see docs/decisions/0011.
    """
    after = budget.thresholds.trust_forecast_after
    if forecast is None or after is None or forecast.confidence is not Confidence.NORMAL:
        return False
    return forecast.p80 is not None and forecast.p80 <= limit and forecast.rhythm.is_known(after)


def by_time(
    budget: Budget,
    limit: Micros | None,
    forecast: Forecast,
    runway: Runway,
    calendar: WorkCalendar,
    now: datetime,
) -> Reached | None:
    """
    By the forecast alone, one evaluation: the owner's lead time decides, not a per cent.

    Intervene while the limit is reached (P50) within one lead time, respond within two, look while
    the period's end (P50) is above the limit. With less than three days of history: None.
    """
    if limit is None or forecast.confidence is Confidence.NONE or forecast.p50 is None:
        return None
    rules = budget.thresholds
    if runway.p50 is not None:
        for stage in (Stage.INTERVENE, Stage.RESPOND):
            times = rules.lead_times(stage)
            if times and runway.p50 <= calendar.after(now, lead_time(budget, times)):
                return Reached(stage, Reason.RUNWAY)
    if rules.look_forecast and forecast.p50 * 100 > limit * rules.look_forecast:
        return Reached(Stage.LOOK, Reason.FORECAST)
    return None


def lead_time(budget: Budget, times: int = 1) -> Span:
    """So many lead times in a row."""
    span = budget.lead_time
    return Span(span.plain * times, span.working_days * times)


def confirmed(reached: Reached | None, before: Stage | None) -> Reached | None:
    """
    What counts of a stage reached by time: what two evaluations in a row have found.

    `before` is what the evaluation before this one found. Forecasts waver, and an alert cannot be
    taken back; but whoever has less than a lead time is told at once.
    """
    if reached is None or reached.stage is Stage.INTERVENE:
        return reached
    if before is None:
        return None
    return reached if before >= reached.stage else Reached(before, Reason.FORECAST)


def covers(above: Budget, stage: Stage) -> bool:
    """
    Whether a stage of a budget rests while that one above it is exhausted.

    Where the budget above cuts, whatever is below is cut already. Where it only tells people, the
    budget below can still run into its own response: intervene is said all the same.
    """
    cuts = above.is_held and above.at_limit is not AtLimit.NOTIFY
    return stage < (Stage.EXHAUSTED if cuts else Stage.INTERVENE)


def worst(*found: Reached | None) -> Reached | None:
    """Of several the worst; of equals the first."""
    return max((one for one in found if one is not None), key=lambda r: r.stage, default=None)
