"""
History, a chunk of days at a time: what was spent before the first poll.

A chunk is all or nothing: `covered_from` moves in the transaction that takes the chunk in, so
whatever ends between two chunks goes on at the same place. How a source is doing is the poll's
matter; nothing here touches it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clients.usage import UsageSource
from bot.clients.usage.errors import (
    SourceDataError,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from bot.domain.money import ZERO, Micros
from bot.domain.periods import midnight
from bot.domain.policy import SourcePolicy
from bot.domain.usage import Fetched, Window
from bot.intake.imported import after_imports
from bot.intake.pace import CHUNK_DAYS, PATIENCE, PAUSE, Pace
from bot.intake.taking_in import replace_window
from bot.intake.windows import within
from bot.parts import Bot
from store import sources

INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)
Sleep = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Step:
    """
    What became of one chunk.

    Not `taken`: somebody else has read these hours meanwhile, and nothing was done.
    """

    window: Window
    rows: int = 0
    net: Micros = ZERO
    taken: bool = False
    error: SourceError | None = None


def read_older(
    bot: Bot,
    source: SourcePolicy,
    now: datetime,
    until: datetime,
    *,
    days: int = CHUNK_DAYS,
    overlap: bool = False,
) -> Step | None:
    """
    One step back: the chunk before what is covered; None when it is covered as far as can be.

    A chunk is whole local days of the organization, at most `days`, and reaches no further than
    the hours of an imported file, unless `overlap` says that those are different spend. Raises
    SourceError, and then nothing has changed.
    """
    client = bot.sources[source.name]
    asked = _chunk_before(bot, source, now, until, days, overlap=overlap)
    if asked is None:
        return None
    covered, window = asked
    fetched = _fetch_older(client, window, covered, now)
    if fetched is None:
        return None
    with bot.db.transaction() as tx:
        state = sources.lock(tx, source.name)
        if state.covered_from != covered:
            return Step(window)
        replace_window(tx, bot, source.name, fetched, now)
        sources.save(tx, replace(state, covered_from=fetched.window.starts_at))
    return step_of(fetched)


def walk_back(
    bot: Bot,
    source: SourcePolicy,
    now: datetime,
    until: datetime,
    sleep: Sleep = time.sleep,
    *,
    overlap: bool = False,
) -> Iterator[Step]:
    """
    Every step back to `until`, with a pause between two; whoever stops in `sleep` loses nothing.

    A source that says how long it wants to be left alone is, up to five minutes for a chunk.
    """
    pace = Pace()
    left = PATIENCE
    while True:
        try:
            step = read_older(bot, source, now, until, days=pace.days, overlap=overlap)
        except SourceUnavailable as error:
            wait = pace.slow_down(error, now)
            if wait is None or wait > left:
                raise
            sleep(wait)
            left -= wait
            continue
        if step is None:
            return
        left = PATIENCE
        yield step
        if _chunk_before(bot, source, now, until, pace.days, overlap=overlap) is None:
            return
        sleep(PAUSE)


def step_of(fetched: Fetched) -> Step:
    net = Micros(sum(row.net for row in fetched.rows))
    return Step(fetched.window, len(fetched.rows), net, taken=True)


def _chunk_before(
    bot: Bot, source: SourcePolicy, now: datetime, until: datetime, days: int, *, overlap: bool
) -> tuple[datetime, Window] | None:
    """From when on it is covered, and the days before: as far as is asked for and answered."""
    zone = bot.policy.organization.time_zone
    earliest = bot.sources[source.name].earliest(now)
    bound = max(midnight(until.astimezone(zone).date(), zone), earliest)
    with bot.db.transaction() as tx:
        covered = sources.load(tx, source.name).covered_from
        if covered is None or covered <= bound:
            return None
        last = (covered - INSTANT).astimezone(zone).date()
        first = midnight(last - timedelta(days=days - 1), zone)
        asked = Window(max(first, bound), covered)
        left = asked if overlap else after_imports(tx, asked)
    if left is None:
        return None
    # A day that is covered in part is read anew as a whole.
    return covered, Window(left.starts_at, min(midnight(last + DAY, zone), now))


def _fetch_older(
    client: UsageSource, asked: Window, covered: datetime, now: datetime
) -> Fetched | None:
    """
    The answer, which must reach up to what is covered: a gap would never be read again.

    Some sources only know how far back they answer once they have answered.
    """
    try:
        answer = client.fetch(asked, now)
    except SourceRefused:
        if client.earliest(now) < covered:
            raise
        return None
    if client.earliest(now) >= covered:
        return None
    fetched = within(answer, asked)
    if fetched is None or not fetched.window.starts_at < covered <= fetched.window.ends_at:
        raise SourceDataError(
            f"{client.name} was asked for {_hours(asked)} and answered for {_hours(answer.window)}"
        )
    return fetched


def _hours(window: Window) -> str:
    return f"{window.starts_at:%Y-%m-%dT%H:%MZ} to {window.ends_at:%Y-%m-%dT%H:%MZ}"
