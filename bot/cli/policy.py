"""Commands about the policy file: `check`, `schema`."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.app import reader
from bot.clock import utc_now
from bot.config.budgets import json_schema
from bot.config.load import load_policy
from bot.config.settings import load_settings
from bot.domain.money import dollars, percent
from bot.domain.policy import Policy
from bot.flows import preview

DAYS = timedelta(days=30)


def register(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(schema)


def check(
    file: Annotated[
        Path | None, typer.Argument(help="The policy file; else BUDGET_BOT_CONFIG.")
    ] = None,
    against_usage: Annotated[
        bool, typer.Option(help="Show where the last 30 days' dollars would land.")
    ] = False,
) -> None:
    """Validate the policy; errors name file, line and field."""
    path = file or load_settings().budget_bot_config
    loaded = load_policy(path)
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    policy = loaded.policy
    budgets = sum(1 for b in policy.tree if b.limit is not None)
    counted = ((budgets, "budget"), (len(policy.splits), "split"), (len(policy.rules), "rule"))
    found = ", ".join(f"{number} {word}{'s' * (number != 1)}" for number, word in counted)
    print(f"{path}: fine. {found}, policy version {policy.version}")
    if against_usage:
        _show_landing(policy)


def _show_landing(policy: Policy) -> None:
    """The rules held against what was really used."""
    now = utc_now()
    found = preview.landing(reader(load_settings(), policy), now - DAYS, now)
    print(f"The last {DAYS.days} days, {dollars(found.total)}, would land on:")
    for budget, amount in found.by_budget.items():
        print(f"  {budget:<24} {dollars(amount):>14} {percent(amount, found.total):>3} %")
    if found.unclaimed:
        print("Nobody claims:")
    for what, amount in found.unclaimed:
        print(f"  {dollars(amount):>14}  {what}")


def schema() -> None:
    """Print the JSON Schema of budgets.yaml, for editors."""
    print(json.dumps(json_schema(), indent=2))
