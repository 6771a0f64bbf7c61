"""The command `backfill`: history from the sources, now and with a bar to watch."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from types import FrameType
from typing import Annotated, Any

import typer

from bot.app import reader
from bot.cli.bar import progress_bar
from bot.cli.context import moment, prepare
from bot.clients.usage.errors import SourceError
from bot.domain.errors import ConfigError
from bot.domain.money import Micros, dollars
from bot.domain.periods import midnight
from bot.domain.policy import Policy, SourcePolicy
from bot.flows.backfilling import PAUSE, Backfilled, Progress, Sleep, Stopped, backfill
from bot.flows.tick.opening import read_first
from bot.parts import Bot
from bot.sources import build_sources

INTERRUPTED = 130
AGAIN = "run it again, and it goes on where it stopped"


def register(app: typer.Typer) -> None:
    app.command("backfill")(read_back)


def read_back(
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="The first day, YYYY-MM-DD; what is there already is read again. "
            "Without it, the history that the policy file asks for.",
        ),
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="One source only.")] = None,
    overlap: Annotated[
        bool,
        typer.Option("--overlap", help="Read hours that an imported file tells of, too."),
    ] = False,
) -> None:
    """Read history; stopped, it goes on there the next time. May run beside the bot."""
    settings, policy = prepare()
    now = moment(None, policy)
    first = _first(since, policy, now)
    chosen = _chosen(source, policy)
    bot = reader(settings, policy, create=True)
    bot = replace(bot, sources=build_sources(settings, chosen))
    with _until_stopped() as sleep:
        reports = list(_each(bot, chosen, first, now, sleep, overlap=overlap))
    if any(report.error for report in reports):
        raise typer.Exit(1)
    if any(report.stopped for report in reports):
        raise typer.Exit(INTERRUPTED)


def _each(
    bot: Bot,
    chosen: tuple[SourcePolicy, ...],
    first: datetime | None,
    now: datetime,
    sleep: Sleep,
    *,
    overlap: bool,
) -> Iterator[Backfilled]:
    for source in chosen:
        with progress_bar() as progress:
            report = _one(bot, source, first, now, sleep, progress, overlap=overlap)
        _print(report)
        yield report
        if report.stopped:
            return


def _one(
    bot: Bot,
    source: SourcePolicy,
    first: datetime | None,
    now: datetime,
    sleep: Sleep,
    progress: Progress,
    *,
    overlap: bool,
) -> Backfilled:
    fetched = None
    try:
        sleep(0)
        fetched = read_first(bot, source, now)
        if fetched is not None:
            sleep(PAUSE)
    except Stopped:
        report = Backfilled(source.name, stopped=True)
    except SourceError as error:
        report = Backfilled(source.name, error=str(error))
    else:
        report = backfill(bot, source, first, now, sleep=sleep, overlap=overlap, progress=progress)
    if fetched is not None:
        net = Micros(sum(row.net for row in fetched.rows))
        report.note(fetched.window, len(fetched.rows), net)
    return report


def _print(report: Backfilled) -> None:
    name = report.source
    if report.starts_at is not None and report.ends_at is not None:
        print(
            f"{name}: {report.rows:,} rows, {dollars(report.net)} net, "
            f"{report.starts_at:%Y-%m-%dT%H:%MZ} to {report.ends_at:%Y-%m-%dT%H:%MZ}"
        )
    elif report.covered_from is not None and not (report.error or report.stopped):
        print(f"{name}: nothing to read, it is there from {report.covered_from:%Y-%m-%dT%H:%MZ}")
    if report.answers_from is not None:
        print(
            f"{name} answers from {report.answers_from:%Y-%m-%d}: earlier usage can be imported "
            "from a file: budget-bot import FILE"
        )
    if report.imported and report.covered_from is not None:
        print(
            f"{name}: an imported file tells of what was before "
            f"{report.covered_from:%Y-%m-%dT%H:%MZ}; if that is different spend, add --overlap"
        )
    if report.error is not None:
        typer.echo(f"{name}: {report.error}; {AGAIN}", err=True)
    if report.stopped:
        typer.echo(f"stopped; {AGAIN}", err=True)


def _first(since: str | None, policy: Policy, now: datetime) -> datetime | None:
    if since is None:
        return None
    try:
        first = midnight(date.fromisoformat(since), policy.organization.time_zone)
    except (ValueError, OverflowError):
        raise ConfigError(f"--since {since!r} is not a day; write it like 2026-09-01") from None
    if first >= now:
        raise ConfigError(f"--since {since}: that day has not begun yet")
    return first


def _chosen(name: str | None, policy: Policy) -> tuple[SourcePolicy, ...]:
    chosen = tuple(source for source in policy.sources if name in (None, source.name))
    if not chosen:
        there = ", ".join(source.name for source in policy.sources) or "none"
        raise ConfigError(f"--source {name!r} is not in the policy file (there: {there})")
    return chosen


@contextmanager
def _until_stopped() -> Iterator[Sleep]:
    """
    A sleep that Ctrl-C or SIGTERM ends, so that the chunk in hand is finished before.

    The second time is taken at its word: a chunk that is cut off has changed nothing.
    """
    stopped = threading.Event()
    before: dict[int, Any] = {}

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped.set()
        signal.signal(number, before[number])
        typer.echo("stopping after this part; once more: at once", err=True)

    def sleep(seconds: float) -> None:
        if stopped.wait(seconds):
            raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, stop)
    try:
        yield sleep
    finally:
        for caught, handler in before.items():
            signal.signal(caught, handler)
