"""What was spent before the bot came, and what was revised since: read a little at a time."""

import logging
import time
from datetime import datetime, timedelta

from bot.clients.usage.collector import collector_paused
from bot.clients.usage.errors import SourceError
from bot.domain.policy import SourcePolicy
from bot.intake.history import Sleep, Step, read_older
from bot.intake.pace import Pace
from bot.intake.second_pass import note_looked_back, read_again
from bot.parts import Bot
from store import sources
from store.sources import SourceState

__all__ = ["Pace", "Sleep", "read_again_if_due", "read_step_back"]

logger = logging.getLogger(__name__)
LOOKED_BACK_EVERY = timedelta(hours=6)
NOTHING_LEFT = timedelta(hours=6)  # until it is looked again whether more can be read


def read_step_back(bot: Bot, source: SourcePolicy, pace: Pace, now: datetime) -> Step | None:
    """
    One chunk of history, while there is some that the policy asks for; None: nothing to do now.

    A failure is logged and left to the next run. While the last poll failed nothing is asked: the
    poll tells when the source answers again.
    """
    until = now - source.history
    if pace.rests(now):
        return None
    with bot.db.transaction() as tx:
        state = sources.load(tx, source.name)
    if state.covered_from is None or state.covered_from <= until or not _answers(state):
        return None
    step = None
    try:
        with collector_paused():
            step = read_older(bot, source, now, until, days=pace.days)
    except SourceError as error:
        pace.slow_down(error, now)
        _log_failed(source, error)
        return None
    if step is None:
        pace.rest(now, NOTHING_LEFT)
        return None
    _log_read("history read", source, [step])
    return step


def read_again_if_due(
    bot: Bot,
    source: SourcePolicy,
    pace: Pace,
    now: datetime,
    sleep: Sleep = time.sleep,
) -> list[Step]:
    """
    The second pass over the last weeks, every six hours; what it has read, if it was due.

    What was never read again was read for the first time just now: the first pass comes later.
    """
    with bot.db.transaction() as tx:
        state = sources.load(tx, source.name)
    if state.covered_from is None or not _answers(state):
        return []
    if state.looked_back_at is None:
        note_looked_back(bot, source, now)
        return []
    if now - state.looked_back_at < LOOKED_BACK_EVERY:
        return []
    try:
        with collector_paused():
            steps = read_again(bot, source, now, sleep, pace)
    except Exception:
        logger.exception(
            "older usage was not read", extra={"action": "history_failed", "source": source.name}
        )
        return []
    for step in steps:
        if step.error is not None:
            _log_failed(source, step.error)
    _log_read("past weeks read again", source, steps)
    return steps


def _answers(state: SourceState) -> bool:
    """Whether the last poll had an answer."""
    return state.ok_at is not None and (state.polled_at is None or state.ok_at >= state.polled_at)


def _log_read(what: str, source: SourcePolicy, steps: list[Step]) -> None:
    logger.info(
        what,
        extra={
            "action": "history_read",
            "source": source.name,
            "chunks": len(steps),
            "rows": sum(step.rows for step in steps),
        },
    )


def _log_failed(source: SourcePolicy, error: SourceError) -> None:
    logger.warning(
        "older usage was not read",
        extra={"action": "history_failed", "source": source.name, "error": str(error)},
    )
