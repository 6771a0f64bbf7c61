"""The command `import`: a file of usage into the ledger, with a report line by line."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.app import reader
from bot.cli.bar import progress_bar
from bot.cli.context import moment, prepare
from bot.domain.money import dollars
from bot.flows.importing import Imported, import_file, parse_map

MOST = 10


def register(app: typer.Typer) -> None:
    app.command("import")(import_usage)


def import_usage(
    file: Annotated[Path, typer.Argument(help="FOCUS 1.2 or 1.3, or a plain CSV of usage.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="For a plain CSV: field=column, like at=timestamp,cost_usd=amount."
        ),
    ] = None,
    overlap: Annotated[
        bool,
        typer.Option("--overlap", help="Import although another source covers the same hours."),
    ] = False,
    newer: Annotated[
        bool,
        typer.Option(
            "--newer", help="The file is a newer one of usage that was imported: take that back."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print where the dollars would land; change nothing.")
    ] = False,
) -> None:
    """A FOCUS or plain CSV of usage; the same file twice counts once."""
    fields = parse_map(mapping or [])
    settings, policy = prepare()
    bot = reader(settings, policy, create=True)
    with progress_bar() as progress:
        report = import_file(
            bot,
            file,
            moment(None, policy),
            fields,
            overlap=overlap,
            newer=newer,
            dry_run=dry_run,
            progress=progress,
        )
    _print(report, dry_run=dry_run)
    if report.refused:
        raise typer.Exit(1)


def _print(report: Imported, *, dry_run: bool) -> None:
    for found in report.overlaps:
        typer.echo(f"warning: {found} covers these hours too: it may count twice", err=True)
    for earlier in report.replaced:
        print(f"{'would take' if dry_run else 'took'} back {earlier}")
    said = "would be imported" if dry_run else "imported"
    print(f"{report.source}: {report.rows:,} rows of {report.form} {said}{_range(report)}")
    if report.net:
        table = Table("budget", "net", "list", box=None)
        for budget, net in sorted(report.net.items(), key=lambda item: (-item[1], item[0])):
            table.add_row(budget, dollars(net), dollars(report.list[budget]))
        Console().print(table)
    if len(report.products) > 1:
        # A cloud's export holds its machines and disks, too: whoever imports it has to see that.
        largest = sorted(report.products.items(), key=lambda item: (-item[1], item[0]))[:MOST]
        print(f"spent on: {', '.join(f'{name} {dollars(net)}' for name, net in largest)}")
    for category, lines in sorted(report.skipped.items()):
        amount = dollars(report.skipped_net[category])
        print(f"skipped: {lines:,} lines of {category} ({amount}), which is not usage")
    for bad in report.shown:
        typer.echo(f"refused: {bad}", err=True)
    if report.refused > len(report.shown):
        typer.echo(f"refused: {report.refused - len(report.shown):,} more lines", err=True)


def _range(report: Imported) -> str:
    if report.span is None:
        return ""
    starts_at, ends_at = report.span
    return f", {starts_at:%Y-%m-%dT%H:%MZ} to {ends_at:%Y-%m-%dT%H:%MZ}"
