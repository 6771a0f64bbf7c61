"""Commands that look: `tick`, `status`, `doctor`."""

import json
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.app import build, reader, what_is_missing
from bot.cli.context import moment, prepare
from bot.domain.money import dollars, usd
from bot.domain.standings import Standing, together
from bot.flows import doctor as doctor_flow
from bot.flows import rehearsal
from bot.flows import status as status_flow
from bot.flows.delivery import deliver_next
from bot.parts import Bot
from bot.render.figures import OVERRULED, as_of, runway
from bot.render.targets import standing_lines
from bot.schedule import run_all
from store.outbox import Lane

PATIENCE = 10.0
MOST_WAITING = 20


def register(app: typer.Typer) -> None:
    app.command()(tick)
    app.command()(status)
    app.command()(doctor)


def tick(
    dry_run: Annotated[
        bool, typer.Option(help="Print what would be said; change nothing.")
    ] = False,
    at: Annotated[str | None, typer.Option(help="The moment; may lie in the future.")] = None,
) -> None:
    """One tick and its deliveries at a moment."""
    settings, policy = prepare()
    now = moment(at, policy)
    bot = build(settings, policy, clock=lambda: now)
    if dry_run:
        with bot.db.rehearsal() as database:
            rehearsed = replace(bot, db=database)
            before = rehearsal.newest(rehearsed)
            report = run_all(rehearsed, now)
            for line in rehearsal.said_since(rehearsed, before):
                print(line)
    else:
        report = run_all(bot, now)
        drain(bot, now)
    print(
        f"{now.isoformat(timespec='seconds')}: {report.rows} usage rows, {report.alerts} alerts, "
        f"{report.limit_changes} limit changes"
    )
    for error in report.errors:
        typer.echo(f"source failed: {error}", err=True)
    if report.errors:
        raise typer.Exit(1)


def drain(bot: Bot, now: datetime, patience: float = PATIENCE) -> None:
    """Deliver what is due by `now`; what has to be tried again is, for a few seconds."""
    started = time.monotonic()
    idle = 0
    while (gone := time.monotonic() - started) < patience:
        at = now + timedelta(seconds=gone)
        attempts = [deliver_next(bot, lane, at) for lane in Lane]
        if any(attempt is not None for attempt in attempts):
            idle = 0
            continue
        if not rehearsal.waits_until(bot, now + timedelta(seconds=patience)):
            return
        idle += 1
        time.sleep(0.1)


def status(
    budget: Annotated[str | None, typer.Argument(help="A budget; without one, all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """The standings."""
    settings, policy = prepare()
    bot = reader(settings, policy)
    found = status_flow.all_standings(bot, moment(None, policy))
    if budget is not None:
        wanted = status_flow.find_budget(policy, budget).id
        found = [s for s in found if s.budget.id == wanted]
    if as_json:
        print(json.dumps([_as_json(s) for s in found], indent=2))
        return
    zone = policy.organization.time_zone
    table = Table("budget", "spent", "limit", "%", "stage", "runway", box=None)
    for s in found:
        table.add_row(
            s.budget.id,
            dollars(s.spent),
            dollars(s.limit) if s.limit is not None else "–",
            str(s.percent) if s.limit is not None else "–",
            s.stage.word if s.stage else OVERRULED if s.is_overruled else "",
            runway(s, zone) if s.limit is not None else "",
        )
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    if found:
        console.print(as_of(together([s.freshness for s in found]), zone))
    waiting, more = status_flow.unenforced(bot, {s.budget.id for s in found}, MOST_WAITING)
    for id_, targets in waiting.items():
        console.print(f"{id_}: {'; '.join(standing_lines(targets, zone))}")
    if more:
        console.print(f"and {more} more whose limit is not confirmed everywhere")


def doctor() -> None:
    """Check everything the bot depends on, live; one line each."""
    settings, policy = prepare()
    if missing := what_is_missing(settings, policy):
        for line in missing:
            print(f"FAIL settings: {line}")
        raise typer.Exit(1)
    bot = build(settings, policy)
    findings = doctor_flow.examine(bot, moment(None, policy))
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}: {finding.text}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _as_json(s: Standing) -> dict[str, Any]:
    out = s.runs_out_at
    ahead = s.outlook.forecast if s.outlook else None
    fresh = s.freshness
    return {
        "budget": s.budget.id,
        "name": s.budget.name,
        "parent": s.budget.parent,
        "owner": s.budget.owner,
        "spent_usd": usd(s.spent),
        "estimated_usd": usd(s.estimated),
        "limit_usd": usd(s.limit) if s.limit is not None else None,
        "allocation_usd": usd(s.allocation.limit) if s.allocation else None,
        "percent": s.percent if s.limit is not None else None,
        "stage": s.stage.word if s.stage else None,
        "is_overruled": s.is_overruled,
        "runs_out_at": out.isoformat() if out else None,
        "p50_usd": usd(ahead.p50) if ahead and ahead.p50 is not None else None,
        "p80_usd": usd(ahead.p80) if ahead and ahead.p80 is not None else None,
        "confidence": ahead.confidence.value if ahead else None,
        "as_of": fresh.as_of.isoformat() if fresh.as_of else None,
        "billed_to": fresh.billed_to.isoformat() if fresh.billed_to else None,
        "stale": fresh.stale,
        "blind_since": fresh.blind_since.isoformat() if fresh.blind_since else None,
        "period": {
            "starts_at": s.period.starts_at.isoformat(),
            "ends_at": s.period.ends_at.isoformat(),
        },
    }
