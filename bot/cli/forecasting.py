"""The command `forecast`: what the period will cost, and when the limit is reached."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import reader
from bot.cli.context import moment, prepare
from bot.domain.forecast import sentence
from bot.domain.money import Micros, dollars, micros, usd
from bot.flows import forecasting, status
from bot.flows.forecasting import Forecasted
from bot.render.blocks import moment as at_local
from bot.render.figures import spent_of_limit

WIDE = 220  # for files and pipes: a sentence stays on its line


def register(app: typer.Typer) -> None:
    app.command()(forecast)


def forecast(
    budget: Annotated[
        str | None, typer.Argument(help="A budget; without one, all with a limit.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", help="A file with the columns at,cost_usd, hourly or daily, not the ledger."
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="The moment; of what came later nothing is known.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What the period will cost (P50, P80), and when the limit is reached."""
    settings, policy = prepare()
    asked = status.find_budget(policy, budget).id if budget is not None else None
    now = moment(None, policy)
    wanted = moment(at, policy) if at is not None else None
    if csv is not None:
        found = [forecasting.of_file(policy, csv, wanted, now, asked)]
        names = [str(asked or csv.name)]
    else:
        found = forecasting.of_ledger(reader(settings, policy), wanted or now, asked)
        names = [str(one.budget.id) for one in found]
    single = csv is not None or asked is not None
    if as_json:
        listed = [{"budget": str(one.budget.id), **_as_json(one)} for one in found]
        print(json.dumps(_as_json(found[0]) if single else listed, indent=2))
        return
    _print(found, names, single=single)


def _print(found: Sequence[Forecasted], names: Sequence[str], *, single: bool) -> None:
    heads = ["budget", "spent", "P50", "P80", "runs out", "confidence"]
    table = Table(*heads, *([] if single else ["because"]), box=None)
    for name, one in zip(names, found, strict=True):
        ahead = one.outlook.forecast
        cells = [
            name,
            spent_of_limit(ahead.spent, one.limit),
            _amount(ahead.p50),
            _amount(ahead.p80),
            _runs_out(one),
            ahead.confidence.value,
        ]
        table.add_row(*(Text(cell) for cell in [*cells, *([] if single else [sentence(ahead)])]))
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    console.print(table)
    if single:
        console.print(Text(sentence(found[0].outlook.forecast)))
    oldest = min(found, key=lambda one: one.outlook.forecast.as_of)
    as_of = at_local(oldest.outlook.forecast.as_of, oldest.budget.time_zone)
    console.print(Text(f"as of {as_of}"))


def _amount(amount: Micros | None) -> str:
    """Whole dollars from $10 on: cents would claim to be known."""
    if amount is None:
        return "–"
    return dollars(micros(round(amount / 1_000_000)) if amount >= micros(10) else amount)


def _runs_out(one: Forecasted) -> str:
    ahead = one.outlook.forecast
    if one.limit is None:
        return "–"
    if ahead.spent >= one.limit:
        return "the limit is reached"
    if one.outlook.runway.p50 is not None:
        return at_local(one.outlook.runway.p50, one.budget.time_zone)
    return "not in this period" if one.outlook.is_known else "–"


def _as_json(one: Forecasted) -> dict[str, Any]:
    ahead = one.outlook.forecast
    out = one.outlook.runway.p50
    return {
        "at": one.at.isoformat(timespec="seconds"),
        "period": {
            "starts_at": ahead.period.starts_at.isoformat(),
            "ends_at": ahead.period.ends_at.isoformat(),
        },
        "spent_usd": usd(ahead.spent),
        "p50_usd": usd(ahead.p50) if ahead.p50 is not None else None,
        "p80_usd": usd(ahead.p80) if ahead.p80 is not None else None,
        "runs_out_at": out.isoformat(timespec="seconds") if out else None,
        "confidence": ahead.confidence.value,
    }
