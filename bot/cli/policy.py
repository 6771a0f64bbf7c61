"""Commands about the policy file: `check`, `schema`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.config.budgets import json_schema
from bot.config.load import load_policy
from bot.config.settings import load_settings


def register(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(schema)


def check(
    file: Annotated[
        Path | None, typer.Argument(help="The policy file; else BUDGET_BOT_CONFIG.")
    ] = None,
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


def schema() -> None:
    """Print the JSON Schema of budgets.yaml, for editors."""
    print(json.dumps(json_schema(), indent=2))
