"""The command line: one command a line of the README. Errors go to stderr, with the remedy."""

import sys

import typer
from sqlalchemy.exc import SQLAlchemyError

from bot.cli import looking, policy, records, running
from bot.domain.errors import BudgetBotError, ConfigError

app = typer.Typer(
    name="budget-bot",
    help="A Slack bot that makes Claude token budgets hold.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (running, policy, looking, records):
    part.register(app)


def main() -> None:
    """Exit codes: 0 fine, 1 it ran and something is wrong, 2 it could not run."""
    try:
        app()
    except ConfigError as error:
        _stop(*error.lines)
    except BudgetBotError as error:
        _stop(str(error))
    except SQLAlchemyError as error:
        first = str(error).splitlines()[0]
        _stop(f"the database does not answer: {first}; check BUDGET_BOT_DATABASE_URL")


def _stop(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr)
    sys.exit(2)
