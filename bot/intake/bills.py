"""Notes how good the estimate was, when the bill replaces it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session

from bot.domain.money import ZERO, Micros
from bot.domain.policy import Basis
from bot.domain.usage import Fetched, Window
from store import day_checks, ledger

HOUR = timedelta(hours=1)


def estimated_hours(
    tx: Session, source: str, window: Window, basis: Basis
) -> Mapping[datetime, Micros]:
    """The hours of a window that hold an estimate, with what all of the hour costs."""
    hours = ledger.hours(tx, source, window, basis)
    return {at: total for at, (total, estimated) in hours.items() if estimated}


def note(
    tx: Session, source: str, before: Mapping[datetime, Micros], fetched: Fetched, basis: Basis
) -> None:
    """
    Hours that held an estimate `before` and are billed in full now: both sums, by UTC day.

    An hour without an estimate after the source's last refresh is not billed, only not estimated.
    One before it of which nothing is left was billed at nothing.
    """
    if not before:
        return
    now = ledger.hours(tx, source, fetched.window, basis)
    days: dict[date, tuple[int, int]] = {}
    for at, was in before.items():
        total, estimated = now.get(at, (ZERO, False))
        refreshed_at = fetched.refreshed_at
        is_billed = at in now if refreshed_at is None else at + HOUR <= refreshed_at
        if estimated or not is_billed:
            continue
        day = at.astimezone(UTC).date()
        so_far = days.get(day, (0, 0))
        days[day] = (so_far[0] + was, so_far[1] + total)
    for day, (guessed, billed) in days.items():
        day_checks.add_billed(tx, source, day, Micros(guessed), Micros(billed))
