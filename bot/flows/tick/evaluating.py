"""Evaluating standings by the time that is left: about once an hour, and twice before it counts."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.budgets import Stage
from bot.domain.stages import Reached, by_time, confirmed
from bot.domain.standings import Standing
from bot.parts import Bot
from store import watching

APART = timedelta(minutes=55)  # two looks within the hour are one evaluation


def evaluate_time(
    tx: Session, bot: Bot, standings: Collection[Standing], now: datetime
) -> list[Standing]:
    """
    The standings with the stage that counts by time, where it was time to evaluate it again.

    On stale figures nothing is evaluated: what counted before counts on.
    """
    before = watching.evaluations(tx, [s.budget.id for s in standings])
    evaluated: list[Standing] = []
    found: dict[str, tuple[Reached | None, Reached | None]] = {}
    for standing in standings:
        last, at = before.get(standing.budget.id, (None, None))
        raw = _found(bot, standing, now)
        is_urgent = raw is not None and raw.stage is Stage.INTERVENE
        if standing.freshness.stale or (at is not None and now - at < APART and not is_urgent):
            evaluated.append(standing)
            continue
        counts = confirmed(raw, last)
        found[standing.budget.id] = (raw, counts)
        evaluated.append(replace(standing, timed=counts))
    watching.note_evaluations(tx, found, now)  # type: ignore[arg-type]
    return evaluated


def _found(bot: Bot, standing: Standing, now: datetime) -> Reached | None:
    if standing.outlook is None:
        return None
    work = bot.policy.organization.calendar
    calendar = replace(work, time_zone=standing.budget.time_zone)
    ahead = standing.outlook
    return by_time(standing.budget, standing.limit, ahead.forecast, ahead.runway, calendar, now)
