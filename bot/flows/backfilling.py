"""Reading history because an operator wants it now, and healing what is there by force."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.usage.errors import SourceError
from bot.domain.money import ZERO, Micros
from bot.domain.periods import midnight
from bot.domain.policy import SourcePolicy
from bot.domain.usage import Window
from bot.intake.history import Sleep, Step, walk_back
from bot.intake.pace import PAUSE
from bot.intake.second_pass import walk_again
from bot.parts import Bot
from store import sources

__all__ = ["PAUSE", "Backfilled", "Progress", "Sleep", "Stopped", "backfill"]

Progress = Callable[[str, int, int], None]  # what is being read, how many days, of how many


class Stopped(Exception):  # noqa: N818 - says what somebody did
    """Raised by a `sleep` that was told to stop; between two chunks nothing is lost."""


@dataclass(slots=True)
class Backfilled:
    """What came of reading a source back, for whoever asked for it."""

    source: str
    rows: int = 0
    net: Micros = ZERO
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    covered_from: datetime | None = None
    answers_from: datetime | None = None  # when that is later than what was asked for
    imported: bool = False  # a file tells of what is earlier
    error: str | None = None
    stopped: bool = False

    def add(self, step: Step) -> None:
        self.note(step.window, step.rows, step.net)

    def note(self, window: Window, rows: int, net: Micros) -> None:
        self.rows += rows
        self.net = Micros(self.net + net)
        self.starts_at = min(self.starts_at or window.starts_at, window.starts_at)
        self.ends_at = max(self.ends_at or window.ends_at, window.ends_at)


def backfill(
    bot: Bot,
    source: SourcePolicy,
    since: datetime | None,
    now: datetime,
    *,
    sleep: Sleep = time.sleep,
    overlap: bool = False,
    progress: Progress = lambda _doing, _done, _of: None,
) -> Backfilled:
    """
    Read a source back to `since`; without it, to where the policy's history begins.

    What is covered already is read again only when `since` says so, to heal it by force. Whatever
    goes wrong is in what comes back, and what was read before stays.
    """
    report = Backfilled(source.name)
    until = since or now - source.history
    zone = bot.policy.organization.time_zone
    first = midnight(until.astimezone(zone).date(), zone)
    covered = _covered_from(bot, source)
    try:
        if covered is not None and covered <= first:
            if since is not None:
                _read_by_force(bot, source, Window(first, now), now, sleep, report, progress)
        else:
            total = _days(first, covered or now)
            progress(source.name, 0, total)
            for step in walk_back(bot, source, now, until, sleep, overlap=overlap):
                if step.taken:
                    report.add(step)
                progress(source.name, total - _days(first, step.window.starts_at), total)
    except SourceError as error:
        report.error = str(error)
    except Stopped:
        report.stopped = True
    report.covered_from = covered = _covered_from(bot, source)
    if covered is not None and covered > first and not (report.error or report.stopped):
        earliest = bot.sources[source.name].earliest(now)
        report.answers_from = earliest if covered <= earliest else None
        report.imported = covered > earliest
    return report


def _read_by_force(
    bot: Bot,
    source: SourcePolicy,
    span: Window,
    now: datetime,
    sleep: Sleep,
    report: Backfilled,
    progress: Progress,
) -> None:
    """The hours that every poll reads again come last, and apart: only they can be overtaken."""
    total = _days(span.starts_at, span.ends_at)
    edge = (now - source.lookback).replace(minute=0, second=0, microsecond=0)
    middle = min(max(span.starts_at, edge), span.ends_at)
    progress(source.name, 0, total)
    for starts_at, ends_at in ((span.starts_at, middle), (middle, span.ends_at)):
        if starts_at >= ends_at:
            continue
        if report.ends_at is not None:
            sleep(PAUSE)
        for step in walk_again(bot, source, Window(starts_at, ends_at), now, sleep):
            report.add(step)
            progress(source.name, _days(span.starts_at, min(step.window.ends_at, now)), total)


def _covered_from(bot: Bot, source: SourcePolicy) -> datetime | None:
    with bot.db.transaction() as tx:
        return sources.load(tx, source.name).covered_from


def _days(starts_at: datetime, ends_at: datetime) -> int:
    return max(0, -((starts_at - ends_at) // timedelta(days=1)))
