"""Error of the period's forecast on days 3, 10 and 20, against three others, and what it costs."""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import fmean, median

os.environ.setdefault("OMP_NUM_THREADS", "1")  # CPU seconds of one core, for the rivals too

from rich.console import Console
from rich.table import Table

from benchmarks.forecasting import real, synthetic
from benchmarks.forecasting.methods import available, predict
from benchmarks.forecasting.month import Month
from benchmarks.forecasting.score import DAYS, Score, score
from bot.domain.forecast import forecast, runway
from bot.domain.money import Micros

OURS, THEIRS = "ours", "holt_winters"


def cases(folder: Path, quick: bool) -> Iterator[tuple[str, list[Month]]]:
    for name, read in real.series(folder):
        try:
            months = read()
        except real.MissingSeriesError as missing:
            print(f"{name} is left out: {missing}")
            continue
        yield name, months[::5] if quick else months
    for name in synthetic.TEAMS:
        yield name, synthetic.series(name, 8 if quick else 60)


def errors_table(scores: Mapping[str, Score], methods: Sequence[str]) -> Table:
    table = Table(title="Error in per cent of the month's total, on days 3 / 10 / 20")
    for column in ("series", *methods, "P80 kept"):
        table.add_column(column, no_wrap=True, justify="left" if column == "series" else "right")
    for name, result in scores.items():
        cells = (_cell([result.errors[day][method] for day in DAYS]) for method in methods)
        table.add_row(name, *cells, f"{result.kept:.0%}")
    table.add_section()
    every = list(scores.values())
    means = (_cell([fmean(s.errors[d][m] for s in every) for d in DAYS]) for m in methods)
    table.add_row("mean", *means, f"{fmean(s.kept for s in every):.0%}")
    return table


def _cell(errors: Sequence[float]) -> str:
    return " / ".join(f"{error:.1f}" for error in errors)


def costs(scores: Mapping[str, Score], methods: Sequence[str]) -> dict[str, float]:
    """Microseconds of a forecast, the median over all series."""
    return {
        name: round(median(s for result in scores.values() for s in result.seconds[name]) * 1e6, 1)
        for name in methods
    }


def parts(month: Month) -> dict[str, float]:
    """Microseconds of what is done more often than learning: a forecast, and a runway."""
    outlook = predict(month, 10)
    path = outlook.path
    if path is None:
        return {}
    half = outlook.as_of + timedelta(hours=12)
    limit = Micros(outlook.p50 or 0)
    works: dict[str, Callable[[], object]] = {
        "forecast from a kept pattern": partial(
            forecast, path.pattern, Micros(1), outlook.spent, outlook.period, half
        ),
        "runway": partial(runway, outlook, limit),
    }
    spans: dict[str, float] = {}
    for name, work in works.items():
        taken = []
        for _ in range(500):
            started = time.process_time()
            work()
            taken.append(time.process_time() - started)
        spans[name] = round(median(taken) * 1e6, 1)
    return spans


def verdicts(scores: Mapping[str, Score], cost: Mapping[str, float]) -> Iterator[str]:
    """The goals, and where they are not reached."""
    for name, result in scores.items():
        if "weekend" in name:
            less = 1 - result.errors[3][OURS] / result.errors[3]["linear"]
            yield f"{name}, day 3: {less:.0%} less error than linear (goal: 33 %)"
    if THEIRS not in cost:
        return
    above = [
        f"{name} day {day} ({result.errors[day][OURS] - result.errors[day][THEIRS]:+.1f})"
        for name, result in scores.items()
        for day in DAYS
        if result.errors[day][OURS] - result.errors[day][THEIRS] > 1
    ]
    yield f"more than 1 point behind Holt-Winters: {', '.join(above) or 'nowhere'}"
    yield f"cost: 1/{cost[THEIRS] / cost[OURS]:,.0f} of Holt-Winters (goal: 1/50)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few months of each series, once")
    parser.add_argument(
        "--series", type=Path, default=real.SHARED, help="folder of the hourly Twitter series"
    )
    options = parser.parse_args()
    methods, missing = available()
    if missing:
        print(missing)
    scores = {
        name: score(months, methods, times=1 if options.quick else 3)
        for name, months in cases(options.series, options.quick)
    }
    cost = costs(scores, list(methods))
    console = Console(width=max(128, Console().width))  # the rows of the table in full
    console.print(errors_table(scores, list(methods)))
    table = Table("what", "CPU µs", title="Cost, medians")
    for what, span in (cost | parts(synthetic.series("chat_product", 1)[0])).items():
        table.add_row(what, f"{span:,.1f}")
    console.print(table)
    for line in verdicts(scores, cost):
        print(line)
    print(json.dumps(_report(scores, cost)))


def _report(scores: Mapping[str, Score], cost: Mapping[str, float]) -> dict[str, object]:
    return {
        "benchmark": "forecast",
        "series": {
            name: {
                f"day{day}": {method: round(e, 2) for method, e in by.items()}
                for day, by in result.errors.items()
            }
            for name, result in scores.items()
        },
        "p80_kept": {name: round(result.kept, 2) for name, result in scores.items()},
        "us_per_forecast": dict(cost),
        "cost_ratio_to_holt_winters": (
            round(cost[OURS] / cost[THEIRS], 5) if THEIRS in cost else None
        ),
    }


if __name__ == "__main__":
    main()
