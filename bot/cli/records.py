"""Commands for operators and auditors: `outbox`, `export`, `audit`."""

import csv
import json
import sys
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer

from bot.app import reader
from bot.cli.context import moment, prepare
from bot.domain.errors import ConfigError
from bot.domain.periods import midnight
from bot.domain.policy import Policy
from bot.flows import enforcement, records
from bot.flows.records import DECISION_COLUMNS

outbox_app = typer.Typer(
    help="What has not been delivered, and again.", invoke_without_command=True
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
    key = enforcement.redrive(reader(settings, policy), entry, moment(None, policy))
    if key is None:
        raise ConfigError(f"there is no given-up entry {entry}; see budget-bot outbox list")
    print(f"{key} will be sent again")


@export_app.command("decisions")
def export_decisions(since: From = None, until: To = None, form: Format = "json") -> None:
    """Every decision on an overage request, with the figures as they were seen."""
    settings, policy = prepare()
    starts_at, ends_at = _interval(since, until, policy)
    rows = records.decisions(reader(settings, policy), starts_at, ends_at)
    _write(rows, DECISION_COLUMNS, form)


@export_app.command("audit")
def export_audit(since: From = None, until: To = None, form: Format = "json") -> None:
    """The append-only record, row by row."""
    settings, policy = prepare()
    starts_at, ends_at = _interval(since, until, policy)
    rows = records.audit_rows(reader(settings, policy), starts_at, ends_at)
    columns = ("seq", "at", "kind", "actor", "subject", "data", "previous_hash", "hash")
    _write(rows, columns, form)


@audit_app.command("verify")
def verify() -> None:
    """Check the chain; names the first broken row."""
    settings, policy = prepare()
    verdict = records.verify(reader(settings, policy))
    if verdict.broken_at is not None:
        typer.echo(f"broken at row {verdict.broken_at}: {verdict.why}", err=True)
        raise typer.Exit(1)
    print(f"{verdict.rows} rows, the chain holds")


def _interval(
    since: str | None, until: str | None, policy: Policy
) -> tuple[datetime | None, datetime | None]:
    zone = policy.organization.time_zone
    last = _day(until, "--to")
    return (
        midnight(first, zone) if (first := _day(since, "--from")) else None,
        midnight(last + timedelta(days=1), zone) if last else None,
    )


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} {text!r} is not a day; write it like 2026-11-01") from None


def _write(rows: list[dict[str, Any]], columns: tuple[str, ...], form: str) -> None:
    if form == "json":
        print(json.dumps(rows, indent=2, default=str))
    elif form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(row[column]) for column in columns])
    else:
        raise ConfigError(f"--format {form!r} is not known; csv or json")


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula is marked as text."""
    if isinstance(value, list):
        value = " ".join(str(item) for item in value)
    if isinstance(value, dict):
        value = json.dumps(value, sort_keys=True)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r", "\0"):
        return f"'{value}"
    return value
