"""
Lead: overruns warned of at least one lead time ahead, and alarms without an overrun, by rule set.

The series are those of benchmarks/forecast.py; of each month a backtest, as `budget-bot backtest` makes
it. The limit is 1.15 times the last 30 days before the month, so that about a third of the months
overrun. Days are spread evenly over their hours, and the rules look every hour, as the bot does. The
lead time is 5 days; beside it the bot's default of 3 working days, and 5 working days.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from benchmarks.forecasting import real, synthetic
from benchmarks.forecasting.month import Month
from bot.domain.backtest import (
    FIXED_80,
    NAMES,
    POLICY,
    RUNWAY,
    Score,
    Series,
    fired_by,
    rule_sets,
    score,
    verdict,
    walk,
)
from bot.domain.budgets import (
    AnswerWithin,
    AtLimit,
    Budget,
    BudgetId,
    OveragePolicy,
    PersonRef,
    Thresholds,
)
from bot.domain.money import Micros
from bot.domain.periods import Cadence, Period, midnight
from bot.domain.spans import Span, WorkCalendar

ZONE = ZoneInfo("UTC")
CALENDAR = WorkCalendar(ZONE)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MARGIN = 1.15
LEADS = (Span(5 * DAY), Span(working_days=3), Span(working_days=5))
IN_TIME, FALSE = 0.75, 0.20  # the goals
WORDS = {POLICY: "ours", FIXED_80: "fixed_80", RUNWAY: "runway"}
LONG = Span(14 * DAY)
BUDGET = Budget(
    id=BudgetId("team"),
    name="Team",
    owner=PersonRef("owner@example.com"),
    backup=None,
    parent=None,
    channel=None,
    limit=None,
    cadence=Cadence.MONTH,
    time_zone=ZONE,
    lead_time=LEADS[0],
    thresholds=Thresholds(),
    answer_within=AnswerWithin(LONG, LONG, LONG),
    at_limit=AtLimit.NOTIFY,
    overage=OveragePolicy(50, LONG, LONG, ()),
)
Scores = Mapping[str, Score]


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


def hours_of(month: Month) -> Series:
    """Each day spread evenly, to the micro-dollar."""
    start = midnight(month.first_day - len(month.before) * DAY, ZONE)
    rows = []
    for day, dollars in enumerate([*month.before, *month.during]):
        amount = round(dollars * 1_000_000)
        for hour in range(24):
            part = amount * (hour + 1) // 24 - amount * hour // 24
            rows.append((start + (24 * day + hour) * HOUR, Micros(part)))
    return Series(rows, HOUR, ZONE)


def limit_of(month: Month) -> Micros:
    """For as many days as the month has."""
    last = month.before[-30:]
    return Micros(round(MARGIN * sum(last) / len(last) * len(month.during) * 1_000_000))


def measure(months: Sequence[Month], budget: Budget = BUDGET) -> list[Scores]:
    """The scores of each lead time: by rule set."""
    found: list[dict[str, list[Score]]] = [{name: [] for name in NAMES} for _ in LEADS]
    for month in months:
        after = midnight(month.first_day + len(month.during) * DAY, ZONE)
        period = Period(month.first_day, midnight(month.first_day, ZONE), after)
        walked = walk(hours_of(month), period, limit_of(month), CALENDAR)
        for lead, scores in zip(LEADS, found, strict=True):
            rules = rule_sets(replace(budget, lead_time=lead))
            for name, alerts in fired_by(walked, rules, CALENDAR).items():
                scores[name].append(score([verdict(walked, alerts, lead, CALENDAR)]))
    return [{name: total(every) for name, every in scores.items()} for scores in found]


def total(scores: Sequence[Score]) -> Score:
    return sum(scores, Score())


def in_time(found: Score) -> float:
    return found.in_time / found.overruns if found.overruns else 0.0


def false(found: Score) -> float:
    return found.false / found.alarms if found.alarms else 0.0


def by_series(measured: Mapping[str, list[Scores]], counts: Mapping[str, int]) -> Table:
    table = Table(title=f"Lead time {LEADS[0]}: in time of overruns · false of alarms")
    for column in ("series", "months", "overruns", *WORDS.values()):
        table.add_column(column, no_wrap=True, justify="left" if column == "series" else "right")
    for name, scores in measured.items():
        own = scores[0]
        overruns = str(own[POLICY].overruns)
        table.add_row(name, str(counts[name]), overruns, *(_counts(own[n]) for n in NAMES))
    return table


def _counts(s: Score) -> str:
    return f"{s.in_time}/{s.overruns} · {s.false}/{s.alarms}"


def by_lead(measured: Mapping[str, list[Scores]]) -> Table:
    table = Table(title="All series together: in time · false")
    for column in ("lead time", *WORDS.values()):
        table.add_column(column, no_wrap=True, justify="right")
    for number, lead in enumerate(LEADS):
        sums = [total([scores[number][name] for scores in measured.values()]) for name in NAMES]
        table.add_row(str(lead), *(f"{in_time(s):.0%} · {false(s):.0%}" for s in sums))
    return table


def verdicts(measured: Mapping[str, list[Scores]]) -> Iterator[str]:
    """The goals, and what remains of the figures without the series that has most of the overruns."""
    for name, word in WORDS.items():
        every = total([scores[0][name] for scores in measured.values()])
        rest = total([scores[0][name] for s, scores in measured.items() if s != "step_inside"])
        kept = in_time(every) >= IN_TIME, false(every) <= FALSE
        yield (
            f"{word}: {in_time(every):.0%} in time (goal: {IN_TIME:.0%}, {_reached(kept[0])}), "
            f"{false(every):.0%} false (goal: at most {FALSE:.0%}, {_reached(kept[1])}); "
            f"without step_inside {in_time(rest):.0%} and {false(rest):.0%}; {every.missed} missed"
        )


def _reached(kept: bool) -> str:
    return "reached" if kept else "not reached"


def main() -> None:
    parser = argparse.ArgumentParser(description="Lead of alerts and false alarms, by rule set")
    parser.add_argument("--quick", action="store_true", help="a few months of each series")
    parser.add_argument(
        "--series", type=Path, default=real.SHARED, help="folder of the hourly Twitter series"
    )
    parser.add_argument(
        "--shares-always", action="store_true", help="no forecast overrules a share, as before 0011"
    )
    options = parser.parse_args()
    trust = None if options.shares_always else BUDGET.thresholds.trust_forecast_after
    budget = replace(BUDGET, thresholds=Thresholds(trust_forecast_after=trust))
    measured: dict[str, list[Scores]] = {}
    counts: dict[str, int] = {}
    for name, months in cases(options.series, options.quick):
        measured[name], counts[name] = measure(months, budget), len(months)
    console = Console(width=max(100, Console().width))
    console.print(by_series(measured, counts))
    console.print(by_lead(measured))
    for line in verdicts(measured):
        print(line)
    print(json.dumps(_report(measured, sum(counts.values()))))


def _report(measured: Mapping[str, list[Scores]], months: int) -> dict[str, object]:
    sums = {name: total([scores[0][name] for scores in measured.values()]) for name in NAMES}
    return {
        "benchmark": "lead",
        **{
            word: {"in_time": round(in_time(sums[name]), 3), "false": round(false(sums[name]), 3)}
            for name, word in WORDS.items()
        },
        "lead_time": str(LEADS[0]),
        "months": months,
        "overruns": sums[POLICY].overruns,
    }


if __name__ == "__main__":
    main()
