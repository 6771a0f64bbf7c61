"""The command `backtest`: which alerts the past would have seen, by three rule sets."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from bot.app import reader
from bot.cli.context import moment, prepare
from bot.domain.backtest import NAMES, Backtest, Fired, Replayed, Score, lead_of
from bot.domain.errors import ConfigError, UserError
from bot.domain.money import dollars, parse_amount
from bot.domain.policy import Policy
from bot.domain.spans import parse_span
from bot.flows.backtesting import Asked, from_file, from_ledger
from bot.flows.status import find_budget
from bot.render.chart import LABELS, backtest_chart

DAY = 86_400
T = TypeVar("T")


def register(app: typer.Typer) -> None:
    app.command()(backtest)


def backtest(
    budget: Annotated[
        str | None, typer.Option("--budget", help="A budget; without one, all with a limit.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="No period before this day.")] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="at,cost_usd by the hour or day, not the ledger.")
    ] = None,
    limit: Annotated[str | None, typer.Option(help="Dollars a period, not the policy's.")] = None,
    lead_time: Annotated[
        str | None, typer.Option("--lead-time", help='Like "5 working days", not the policy\'s.')
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    chart: Annotated[
        Path | None, typer.Option("--chart", help="Write an SVG of one budget's spend and alerts.")
    ] = None,
) -> None:
    """Replays history: which alerts would have fired, when, with how much lead, by three rule sets."""
    settings, policy = prepare()
    asked = _asked(policy, budget, since, limit, lead_time)
    if csv is not None:
        found = [from_file(policy, csv, asked)]
    else:
        found = from_ledger(reader(settings, policy), asked, moment(None, policy))
    if chart is not None:
        _write_chart(chart, found)
    if as_json:
        print(json.dumps(_as_json(found), indent=2))
    else:
        _print(found)


def _asked(
    policy: Policy, budget: str | None, since: str | None, limit: str | None, lead: str | None
) -> Asked:
    """The words as values; what cannot be read is named with how to write it."""
    return Asked(
        budget=find_budget(policy, budget) if budget is not None else None,
        limit=_read("--limit", limit, parse_amount, "12000 or 1,500.00"),
        lead_time=_read("--lead-time", lead, parse_span, "8h, 14d or 5 working days"),
        since=_read("--since", since, date.fromisoformat, "2026-09-01"),
    )


def _read(option: str, text: str | None, parse: Callable[[str], T], example: str) -> T | None:
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError:
        raise ConfigError(f"{option} {text!r} cannot be read; write it like {example}") from None


def _write_chart(path: Path, found: Sequence[Backtest]) -> None:
    if len(found) != 1:
        raise UserError(
            f"--chart shows one budget of {len(found)}; name one with --budget", "chart"
        )
    try:
        path.write_text(backtest_chart(found[0]), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--chart {path}: cannot be written: {error.strerror}") from None
    typer.echo(f"chart written to {path}", err=True)


def _print(found: Sequence[Backtest]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160)
    for one in found:
        name = one.budget.name
        periods = f"{len(one.periods)} period{'s' * (len(one.periods) != 1)}"
        overran = f"{one.overruns} of {periods} overran"
        print(f"{name}: {overran}; lead time {one.budget.lead_time}; {one.limits_from}")
        console.print(_scores(one))
        console.print(_alerts(one))
        for sentence in one.suggestion.why:
            print(sentence)
        print(_suggested(one))
    if len(found) > 1:
        totals = {name: _total(found, name) for name in NAMES}
        print(f"all {len(found)} budgets together")
        table = _score_table()
        for name in NAMES:
            table.add_row(*_cells(name, totals[name], None))
        console.print(table)


def _score_table() -> Table:
    table = Table("rules", box=None)
    for column in ("in time", "late", "missed", "false alarms", "median lead"):
        table.add_column(column, justify="right")
    return table


def _scores(one: Backtest) -> Table:
    table = _score_table()
    for name in NAMES:
        table.add_row(*_cells(name, one.scores[name], one.median_lead(name)))
    return table


def _cells(name: str, score: Score, lead: float | None) -> tuple[str, ...]:
    counts = (score.in_time, score.late, score.missed, score.false)
    return (LABELS[name], *map(str, counts), f"{lead:.1f} days" if lead is not None else "–")


def _alerts(one: Backtest) -> Table:
    table = Table("period", "limit", "spent", "reached", "rules", "alerts, with lead", box=None)
    zone = one.budget.time_zone
    for period in one.periods:
        walked = period.walk
        reached = walked.reached_at.astimezone(zone) if walked.reached_at else None
        cells = (
            str(walked.period.first_day),
            dollars(walked.limit),
            dollars(walked.spent),
            f"{reached:%m-%d %H:%M}" if reached else "no",
        )
        for number, name in enumerate(NAMES):
            said = ", ".join(_said(period, alert, one) for alert in period.alerts[name])
            table.add_row(*(cells if number == 0 else ("",) * 4), LABELS[name], said or "none")
    return table


def _said(period: Replayed, alert: Fired, one: Backtest) -> str:
    local = alert.at.astimezone(one.budget.time_zone)
    lead = _lead_days(period, alert)
    left = f" ({lead:.1f} d)" if lead is not None else ""
    return f"{alert.stage.word} {local:%m-%d %H:%M}{left}"


def _suggested(one: Backtest) -> str:
    lead, share = one.suggestion.lead_time, one.suggestion.respond_percent
    parts = [
        f"lead_time: {lead}" if lead else "",
        f"thresholds: {{{_look(one, share)}respond: {share}%}}" if share else "",
    ]
    said = "\n".join(f"    {part}" for part in parts if part)
    return f"suggested for budgets.yaml:\n{said}\n" if said else ""


def _look(one: Backtest, respond: int) -> str:
    """The stage before it has to come earlier."""
    look = one.budget.thresholds.look
    return f"look: {max(1, respond * 2 // 3)}%, " if look >= respond else ""


def _lead_days(period: Replayed, alert: Fired) -> float | None:
    lead = lead_of(alert, period.walk.reached_at)
    return None if lead is None else round(lead.total_seconds() / DAY, 2)


def _total(found: Sequence[Backtest], name: str) -> Score:
    return sum((one.scores[name] for one in found), Score())


def _as_json(found: Sequence[Backtest]) -> dict[str, Any]:
    """Of several budgets the sums, and whose alert each is."""
    several = len(found) > 1
    rules: dict[str, Any] = {}
    for name in NAMES:
        total = _total(found, name)
        rules[name] = {
            "in_time": total.in_time,
            "late": total.late,
            "missed": total.missed,
            "false": total.false,
            "alerts": [
                {
                    **({"budget": one.budget.id} if several else {}),
                    "at": alert.at.isoformat(),
                    "stage": alert.stage.word,
                    "lead_days": _lead_days(period, alert),
                }
                for one in found
                for period in one.periods
                for alert in period.alerts[name]
            ],
        }
    return {
        "periods": sum(len(one.periods) for one in found),
        "overruns": sum(one.overruns for one in found),
        "rules": rules,
        "limits_from": {one.budget.id: one.limits_from for one in found},
        "suggestions": {one.budget.id: _suggestion(one) for one in found},
    }


def _suggestion(one: Backtest) -> dict[str, Any]:
    found = one.suggestion
    return {
        "lead_time": str(found.lead_time) if found.lead_time else None,
        "respond_percent": found.respond_percent,
        "confidence": found.confidence.value,
        "why": list(found.why),
    }
