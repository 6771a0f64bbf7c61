"""How far each method was off, and what a forecast costs."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.forecasting.methods import Method, predict
from benchmarks.forecasting.month import Month

DAYS = (3, 10, 20)


@dataclass(frozen=True, slots=True)
class Score:
    """Mean error in per cent of the month's total by day and method; seconds of every call."""

    errors: Mapping[int, Mapping[str, float]]
    seconds: Mapping[str, Sequence[float]]
    kept: float  # the share of forecasts whose P80 was not exceeded


def score(months: Sequence[Month], methods: Mapping[str, Method], times: int) -> Score:
    """Every method on the same days, one after the other; each call timed `times` times."""
    errors: dict[int, dict[str, list[float]]] = {d: {m: [] for m in methods} for d in DAYS}
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    kept = []
    for month in months:
        for day in DAYS:
            for name, method in methods.items():
                total, spans = _timed(method, month, day, times)
                errors[day][name].append(abs(total - month.total) / month.total * 100)
                seconds[name].append(median(spans))
            kept.append(month.total * 1_000_000 <= (predict(month, day).p80 or 0))
    means = {d: {m: fmean(values) for m, values in by.items()} for d, by in errors.items()}
    return Score(means, seconds, fmean(kept))


def _timed(method: Method, month: Month, day: int, times: int) -> tuple[float, list[float]]:
    """CPU seconds: what a machine shared with others does not change."""
    total, spans = 0.0, []
    for _ in range(times):
        started = time.process_time()
        total = method(month, day)
        spans.append(time.process_time() - started)
    return total, spans
