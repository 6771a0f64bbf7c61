"""What was spent on whole days, and how much of it can be learned from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from bot.domain.money import Micros

MEMORY = 62  # days; as long as the ledger keeps hours, and more than the model looks back
SLEEP = 28  # a profile over 28 days without spend says nothing about the days after them
LEAST, ENOUGH = 3, 14  # days: below the first no forecast, below the second no weekdays


class Confidence(StrEnum):
    """How much history a forecast stands on: under 3 days none, under 14 days low."""

    NONE = "none"
    LOW = "low"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class History:
    """
    Spend of each complete local day from `first_day` on, without gaps: 0 where nothing was spent.

    `hours` is the spend of each local hour of the day, 0 to 23, summed over the days whose hours are
    known; empty when none are, and then a day is taken to be even.
    """

    first_day: date
    days: Sequence[Micros]
    hours: Sequence[Micros] = ()


def history_of(
    first_day: date, days: Iterable[Sequence[Micros]], hours: Iterable[Sequence[Micros]] = ()
) -> History:
    """
    The history of a family: the own days of each member, all from `first_day` on, and their hours.

    What the members spent below zero on a day, by credits, is taken off what the others spent.
    """
    return History(first_day, _summed(days), _summed(hours))


def _summed(members: Iterable[Sequence[Micros]]) -> tuple[Micros, ...]:
    return tuple(Micros(sum(amounts)) for amounts in zip(*members, strict=True))


def recent(history: History) -> tuple[date, list[float]]:
    """
    The days to learn from, and the first of them: none from before the budget's first spend, or from
    before it slept for 28 days. A credit that leaves a day below zero counts as a day without spend.
    """
    skipped = max(0, len(history.days) - MEMORY)
    days = [float(max(0, amount)) for amount in history.days[skipped:]]
    spending = [index for index, amount in enumerate(days) if amount]
    if not spending:
        return history.first_day + timedelta(skipped), days
    begin = spending[0]
    for before, after in pairwise(spending):
        if after - before > SLEEP:
            begin = after
    return history.first_day + timedelta(skipped + begin), days[begin:]


def confidence(days: int) -> Confidence:
    if days < LEAST:
        return Confidence.NONE
    return Confidence.LOW if days < ENOUGH else Confidence.NORMAL
