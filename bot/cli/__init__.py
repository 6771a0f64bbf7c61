"""The command line: one command a line of the README. Errors go to stderr, with the remedy."""

import sys
from typing import NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError

from bot.cli import (
    backfilling,
    backtesting,
    forecasting,
    importing,
    looking,
    policy,
    records,
    requests,
    running,
)
from bot.domain.errors import ConfigError, UserError

app = typer.Typer(
    name="budget-bot",
    help="A Slack bot that makes Claude token budgets hold.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
PARTS = (
    running,
    policy,
    looking,
    backfilling,
    importing,
    forecasting,
    backtesting,
    requests,
    records,
)
for part in PARTS:
    part.register(app)


def main() -> None:
    """Exit codes: 0 fine, 1 it ran and something is wrong, 2 it could not run."""
    try:
        code = app(standalone_mode=False)
    except ConfigError as error:
        _stop(*error.lines)
    except UserError as error:
        _stop(error.text)
    except SQLAlchemyError as error:
        first = str(error).splitlines()[0]
        remedy = "check BUDGET_BOT_DATABASE_URL"
        if "locked" in first:
            remedy = "another command is writing; try again when it has ended"
        _stop(f"the database does not answer: {first}; {remedy}")
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        # What typer raises about wrong words; its own way takes several lines to say it.
        said = getattr(error, "format_message", None)
        if said is None:
            raise
        _stop(f"{said()} See budget-bot --help." if said() else "Name a command, please.")
    sys.exit(code if isinstance(code, int) else 0)


def _stop(*lines: str) -> NoReturn:
    for line in lines:
        print(line, file=sys.stderr)
    sys.exit(2)
