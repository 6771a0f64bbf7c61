"""Polling: what the sources say about the window that is read again."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.usage import UsageSource
from bot.clients.usage.errors import SourceError, SourceRefused
from bot.domain.periods import period_at
from bot.domain.policy import SourcePolicy
from bot.domain.standings import RATE_WINDOW
from bot.domain.usage import Directory, Fetched, UsageRow, Window
from bot.parts import Bot
from store import (
    sources,
)
from store.sources import SourceState

logger = logging.getLogger(__name__)
HOUR = timedelta(hours=1)
NAMES_FOR = timedelta(minutes=15)
NAMES_AGAIN = timedelta(minutes=2)  # when an id turns up that has no name


@dataclass(frozen=True, slots=True)
class Reading:
    """What polling one source brought: rows, names when they were read anew, or why not."""

    source: SourcePolicy
    before: SourceState
    fetched: Fetched | None
    names: Directory | None
    error: str | None


def read(bot: Bot, source: SourcePolicy, now: datetime) -> Reading:
    """Ask one source; whatever goes wrong there is that source's trouble alone."""
    with bot.db.transaction() as tx:
        state, known = sources.load(tx, source.name), sources.names(tx)
    client = bot.sources[source.name]
    try:
        fetched = client.fetch(window_to_read(bot, source, state, now), now)
        names = _read_names(client, fetched, state, known, now)
    except SourceError as error:
        logger.warning("source failed", extra={"action": "poll_failed", "source": source.name})
        return Reading(source, state, None, None, str(error))
    except Exception as error:
        logger.exception("source failed", extra={"action": "poll_failed", "source": source.name})
        why = f"{type(error).__name__} while reading it."
        return Reading(source, state, None, None, why)
    return Reading(source, state, fetched, names, None)


def _read_names(
    client: UsageSource, fetched: Fetched, state: SourceState, known: Directory, now: datetime
) -> Directory | None:
    """
    Names and tags behind the ids, when they may have changed; None: what is known stands.

    A key that may read usage but not names is told by the rules that match nothing; an outage
    matters only before the first time, because without names a row would land on the wrong budget.
    """
    age = now - state.names_read_at if state.names_read_at else None
    all_known = all(_is_known(row, known) for row in fetched.rows)
    if age is not None and age < (NAMES_FOR if all_known else NAMES_AGAIN):
        return None
    try:
        return client.directory()
    except SourceRefused:
        logger.warning("names refused", extra={"action": "names_refused", "source": state.name})
        return Directory() if state.names_read_at is None else None
    except SourceError:
        if state.names_read_at is None:
            raise
        return None


def _is_known(row: UsageRow, known: Directory) -> bool:
    return (row.workspace_id is None or row.workspace_id in known.workspaces) and (
        row.api_key_id is None or row.api_key_id in known.api_keys
    )


def window_to_read(bot: Bot, source: SourcePolicy, state: SourceState, now: datetime) -> Window:
    """
    The trailing window that is read again and replaced, in whole hours.

    The first time it is the whole current period, and the days the run rate needs. After an outage
    it begins one look-back before the last success, so that no hour is skipped.
    """
    needed = min(
        (period_at(now, b.cadence, b.time_zone).starts_at for b in bot.policy.tree), default=now
    )
    start = min(needed, now - RATE_WINDOW)
    if state.ok_at is not None and state.covered_from is not None and state.covered_from <= needed:
        start = min(state.ok_at, now) - source.lookback
    return Window(_floor(start), _floor(now) + HOUR)


def _floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
