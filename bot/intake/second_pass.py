"""
The slow second pass: what was revised after the poll had stopped looking at it.

The window is replaced again, so a chunk that is read twice or not at all does no harm.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.clients.usage.errors import SourceDataError, SourceError
from bot.domain.periods import midnight
from bot.domain.policy import SourcePolicy
from bot.domain.usage import Fetched, Window
from bot.intake.history import Sleep, Step, step_of
from bot.intake.pace import PATIENCE, PAUSE, Pace, wants_rest
from bot.intake.taking_in import replace_window, unknown_zero
from bot.intake.windows import within
from bot.parts import Bot
from store import sources
from store.sources import SourceState

TRIES = 3


def read_span_again(
    bot: Bot,
    source: SourcePolicy,
    span: Window,
    now: datetime,
    sleep: Sleep,
    pace: Pace,
    *,
    believe: bool = False,
) -> Iterator[Step]:
    """
    Replace a span by what the source says now, oldest first, with a pause between two chunks.

    A chunk that fails is a step with its error, and the next one is read. After a source has said
    that it wants to be left alone nothing more is asked. That hours which cost something cost
    nothing any more has to be told to `believe`.
    """
    zone = bot.policy.organization.time_zone
    at = span.starts_at
    while at < span.ends_at:
        window = _chunk_from(at, span.ends_at, zone, pace.days)
        step = _read_chunk(bot, source, window, now, believe=believe)
        yield step
        if pace.slow_down(step.error, now) is not None:
            return
        at = window.ends_at
        if at < span.ends_at:
            sleep(PAUSE)


def walk_again(
    bot: Bot, source: SourcePolicy, span: Window, now: datetime, sleep: Sleep = time.sleep
) -> Iterator[Step]:
    """
    As `read_span_again`, for somebody who waits for it: a chunk that fails raises its error.

    A source that says how long it wants to be left alone is, up to five minutes for a chunk.
    """
    pace = Pace()
    at, left = span.starts_at, PATIENCE
    while at < span.ends_at:
        rest = Window(at, span.ends_at)
        for step in read_span_again(bot, source, rest, now, sleep, pace, believe=True):
            if step.error is not None:
                wait = wants_rest(step.error)
                if wait is None or wait > left:
                    raise step.error
                sleep(wait)
                at, left = step.window.starts_at, left - wait
                break
            at, left = step.window.ends_at, PATIENCE
            yield step


def read_again(
    bot: Bot,
    source: SourcePolicy,
    now: datetime,
    sleep: Sleep = time.sleep,
    pace: Pace | None = None,
) -> list[Step]:
    """
    The slow second pass: what was revised after the poll had stopped looking at it.

    From `revised_for` ago, as far as it is covered, to where the poll's look-back begins. A pass
    that the source broke off goes on there with the same `pace`, and from the start without it.
    """
    pace = pace or Pace()
    with bot.db.transaction() as tx:
        state = sources.load(tx, source.name)
    span = _revisable(bot, source, state, now)
    steps: list[Step] = []
    if span is not None:
        if pace.broke_off_at is not None and span.starts_at < pace.broke_off_at < span.ends_at:
            span = Window(pace.broke_off_at, span.ends_at)
        steps = list(read_span_again(bot, source, span, now, sleep, pace))
    pace.broke_off_at = None
    if steps and wants_rest(steps[-1].error) is not None:
        pace.broke_off_at = steps[-1].window.starts_at
    elif not steps or any(step.error is None for step in steps):
        note_looked_back(bot, source, now)
    return steps


def note_looked_back(bot: Bot, source: SourcePolicy, now: datetime) -> None:
    with bot.db.transaction() as tx:
        state = sources.lock(tx, source.name)
        sources.save(tx, replace(state, looked_back_at=now))


def _chunk_from(at: datetime, ends_at: datetime, zone: ZoneInfo, days: int) -> Window:
    day = at.astimezone(zone).date() + timedelta(days=days)
    return Window(at, min(midnight(day, zone), ends_at))


def _read_chunk(
    bot: Bot, source: SourcePolicy, window: Window, now: datetime, *, believe: bool
) -> Step:
    """Once more when a poll was quicker: what it has read since is newer than our answer."""
    step = Step(window)
    for _ in range(TRIES):
        with bot.db.transaction() as tx:
            before = sources.load(tx, source.name)
        try:
            fetched = within(bot.sources[source.name].fetch(window, now), window)
            if fetched is None:
                return step
            step = _take_again(bot, source, fetched, before, now, believe=believe)
        except SourceError as error:
            return Step(window, error=error)
        if step.taken:
            break
    return step


def _take_again(
    bot: Bot,
    source: SourcePolicy,
    fetched: Fetched,
    before: SourceState,
    now: datetime,
    *,
    believe: bool,
) -> Step:
    polled_from = (before.polled_at or now) - source.lookback
    with bot.db.transaction() as tx:
        state = sources.lock(tx, source.name)
        if state.polled_at != before.polled_at and fetched.window.ends_at > polled_from:
            return Step(fetched.window)
        if not believe and unknown_zero(tx, bot, source.name, fetched) is not None:
            raise SourceDataError(
                f"{source.name} says $0 for the hours since {fetched.window.starts_at:%FT%RZ}, "
                "which cost something before: that is unknown, not zero"
            )
        replace_window(tx, bot, source.name, fetched, now)
    return step_of(fetched)


def _revisable(bot: Bot, source: SourcePolicy, state: SourceState, now: datetime) -> Window | None:
    if state.covered_from is None:
        return None
    zone, client = bot.policy.organization.time_zone, bot.sources[source.name]
    first = midnight((now - source.revised_for).astimezone(zone).date(), zone)
    starts_at = max(first, state.covered_from, client.earliest(now))
    ends_at = (now - source.lookback).replace(minute=0, second=0, microsecond=0)
    return Window(starts_at, ends_at) if starts_at < ends_at else None
