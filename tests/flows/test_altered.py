"""Decisions that somebody changed in the database: the record is right, and it is told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.flows.altered import altered
from tests.cli.command import run
from tests.faults.bench import Bench, bench


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Fin has approved Dana's $30."""
    with bench(tmp_path, database_url) as place:
        place.turn()
        place.ask("30")
        place.approve()
        place.turn()
        yield place


def change(acme: Bench, values: str) -> None:
    """Behind the bot's back."""
    with acme.bot.db.engine.begin() as connection:
        connection.execute(text(f"UPDATE overage_request SET {values} WHERE id = 1"))  # noqa: S608


def test_what_the_bot_wrote_is_what_the_record_says(acme: Bench) -> None:
    """Asked, approved, expired or withdrawn: nothing differs."""
    acme.ask("20", "view:V2")
    assert [] == altered(acme.bot)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ("granted = 1000000", "request 1: granted is 1000000 in the table and 30000000 in row"),
        ("decision_reason = 'faked'", "request 1: reason is 'faked' in the table and None in row"),
        ("reason = 'faked'", "request 1: asked_reason is 'faked' in the table and 'launch week'"),
        ("state = 'denied'", "request 1: kind is 'request.denied' in the table and 'request.app"),
        ("state = 'pending'", "request 1: kind is 'request.pending' in the table and 'request.app"),
        ("decided_at = NULL", "request 1 has no outcome in the table, and row "),
    ],
)
def test_what_was_changed_is_named(acme: Bench, values: str, told: str) -> None:
    """With both values, and the row that is right."""
    change(acme, values)

    (line,) = altered(acme.bot)
    assert line.startswith(told)


def test_who_decided_cannot_be_exchanged(acme: Bench) -> None:
    """Neither for somebody else nor for what cannot be read."""
    change(acme, """decided_by = '{"people": ["U0PAT"]}'""")
    (line,) = altered(acme.bot)
    assert "decided_by is ['U0PAT'] in the table and ['U0FIN'] in row" in line

    change(acme, """decided_by = '["U0PAT"]'""")
    (line,) = altered(acme.bot)
    assert line.startswith("the table of overage requests cannot be read (AttributeError")


def test_the_command_line_tells_it_and_exports_nothing(acme: Bench) -> None:
    """`audit verify` ends with 1 and `export decisions` with 2; before that, both are fine."""
    folder, environ = acme.town.folder, acme.town.environ()
    done = run(folder, environ, "export", "decisions")
    (decision,) = json.loads(done.stdout)
    assert (2, None) == (decision["limit_version"], decision["restored_at"])
    assert decision["at"] <= decision["confirmed_at"]
    assert 0 == run(folder, environ, "audit", "verify").returncode

    change(acme, "granted = 1000000")
    verified = run(folder, environ, "audit", "verify")
    assert (1, True) == (verified.returncode, "granted is 1000000" in verified.stderr)
    refused = run(folder, environ, "export", "decisions")
    assert (2, "") == (refused.returncode, refused.stdout)
    assert "the record is right, see `budget-bot export audit`" in refused.stderr
