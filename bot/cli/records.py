"""Commands for operators and auditors: `outbox`, `export`, `audit`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from bot.app import reader
from bot.cli.context import moment, os_user, prepare
from bot.domain.errors import ConfigError
from bot.domain.periods import midnight
from bot.domain.policy import Policy
from bot.flows import enforcement, exporting, records
from bot.flows.altered import altered
from bot.flows.exporting import FORMS, Export
from bot.flows.records import AUDIT_COLUMNS, DECISION_COLUMNS
from store.audit_chain import SHORTEST, Noted, Span
from store.audit_keys import PLAIN

outbox_app = typer.Typer(
    help="What has not been delivered, and again.", invoke_without_command=True
)
ALTERED = (
    "nothing was exported, because the database was changed behind the bot's back: the record is "
    "right, see `budget-bot export audit`; restore the table from a backup"
)
export_app = typer.Typer(help="Records for auditors.", no_args_is_help=True)
audit_app = typer.Typer(help="The append-only record.", no_args_is_help=True)

From = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")]
To = Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD.")]
Format = Annotated[str, typer.Option("--format", help="csv or json.")]


def register(app: typer.Typer) -> None:
    app.add_typer(outbox_app, name="outbox")
    app.add_typer(export_app, name="export")
    app.add_typer(audit_app, name="audit")


@outbox_app.callback()
def outbox(context: typer.Context) -> None:
    """Without a word, the list."""
    if context.invoked_subcommand is None:
        list_outbox()


@outbox_app.command("list")
def list_outbox() -> None:
    """What waits, was given up, or was left as somebody else changed it; oldest first."""
    settings, policy = prepare()
    entries = records.undelivered(reader(settings, policy))
    for e in entries:
        print(f"{e.id}\t{e.state}\t{e.key}\tattempts {e.attempts}\t{e.error or ''}")
    if not entries:
        print("everything is delivered")


@outbox_app.command("redrive")
def redrive(entry: Annotated[int, typer.Argument(help="The number in `outbox list`.")]) -> None:
    """
    Send again what was given up, or write over what somebody else has changed.

    The running bot does it, or the next tick.
    """
    settings, policy = prepare()
    bot = reader(settings, policy)
    key = enforcement.redrive(bot, entry, moment(None, policy), os_user())
    if key is None:
        raise ConfigError(f"there is no given-up entry {entry}; see budget-bot outbox list")
    print(f"{key} will be sent again")


@export_app.command("decisions")
def export_decisions(since: From = None, until: To = None, form: Format = "json") -> None:
    """Every decision on an overage request, with the figures as they were seen."""
    asked = _asked("decisions", since, until, form)
    settings, policy = prepare()
    starts_at, ends_at = _interval(since, until, policy)
    with _recorded():
        bot = reader(settings, policy)
        if differs := altered(bot):
            raise ConfigError(*differs, ALTERED)
        rows = records.decisions(bot, starts_at, ends_at)
        now = moment(None, policy)
        exporting.export(bot, asked, DECISION_COLUMNS, rows, sys.stdout.buffer, now)


@export_app.command("audit")
def export_audit(since: From = None, until: To = None, form: Format = "json") -> None:
    """The append-only record, row by row."""
    asked = _asked("audit", since, until, form)
    settings, policy = prepare()
    starts_at, ends_at = _interval(since, until, policy)
    with _recorded():
        bot = reader(settings, policy)
        rows = records.audit_rows(bot, starts_at, ends_at)
        now = moment(None, policy)
        exporting.export(bot, asked, AUDIT_COLUMNS, rows, sys.stdout.buffer, now)


@audit_app.command("verify")
def verify(
    head: Annotated[
        str | None,
        typer.Option(help="What `audit head` said earlier: that row must still be there."),
    ] = None,
) -> None:
    """Check the chain; names the first broken row, and which key holds which rows."""
    noted = Noted.read(head) if head is not None else None
    if head is not None and noted is None:
        raise ConfigError(
            f"--head {head!r} is no head; write it as `budget-bot audit head` or the digest says it, "
            f"like 412:9f3c…, with at least {SHORTEST} digits of the hash"
        )
    settings, policy = prepare()
    bot = reader(settings, policy)
    verdict = records.verify(bot, noted)
    if verdict.broken_at is not None:
        typer.echo(f"broken at row {verdict.broken_at}: {verdict.why}", err=True)
        raise typer.Exit(1)
    print(f"{verdict.rows} rows, the chain holds")
    if differs := altered(bot):
        typer.echo("\n".join(differs), err=True)
        raise typer.Exit(1)
    for span in verdict.spans:
        print(_held(span))
    print(f"head {verdict.rows}:{verdict.head}")


@audit_app.command("head")
def head() -> None:
    """The last row's number and hash, to keep where nobody who can write the database can."""
    settings, policy = prepare()
    seq, digest = records.head(reader(settings, policy))
    print(f"{seq}:{digest}")


def _held(span: Span) -> str:
    rows = f"row {span.first}" if span.first == span.last else f"rows {span.first} to {span.last}"
    if span.key == PLAIN:
        return f"{rows}: a plain hash, which only shows accidents"
    return f"{rows}: signed with the key {span.key}"


def _asked(what: str, since: str | None, until: str | None, form: str) -> Export:
    for known in FORMS:
        if form == known:
            return Export(what, known, since, until, os_user())
    raise ConfigError(f"--format {form!r} is not known; csv or json")


@contextmanager
def _recorded() -> Iterator[None]:
    """An export is a row of the record, so it needs to write."""
    try:
        yield
    except SQLAlchemyError as error:
        raise ConfigError(
            "nothing was exported, because it could not be recorded; run it where the database can "
            f"be written, as the user that runs the bot ({str(error).splitlines()[0]})"
        ) from None


def _interval(
    since: str | None, until: str | None, policy: Policy
) -> tuple[datetime | None, datetime | None]:
    """Both days belong to it, in the organization's time zone."""
    zone = policy.organization.time_zone
    first, last = _day(since, "--from"), _day(until, "--to")
    if first and last and last < first:
        raise ConfigError(f"--to {last} is before --from {first}; exchange them")
    return (
        midnight(first, zone) if first else None,
        midnight(last + timedelta(days=1), zone) if last else None,
    )


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} {text!r} is not a day; write it like 2026-11-01") from None
