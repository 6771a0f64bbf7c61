"""The command `backtest` as an operator runs it: real processes, real files, exit codes."""

import json
import subprocess
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import validate

from tests.cli.command import run
from tests.story.town import POLICY

ALERTS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["at", "stage", "lead_days"],
        "properties": {
            "at": {"type": "string"},
            "stage": {"enum": ["look", "respond", "intervene", "exhausted"]},
            "lead_days": {"type": ["number", "null"]},
        },
    },
}
RULES = {
    "type": "object",
    "required": ["in_time", "late", "missed", "false", "alerts"],
    "properties": {
        "alerts": ALERTS,
        **{key: {"type": "integer"} for key in ("in_time", "late", "missed", "false")},
    },
}
SHAPE = {
    "type": "object",
    "required": ["periods", "overruns", "rules"],
    "properties": {
        "periods": {"type": "integer"},
        "overruns": {"type": "integer"},
        "rules": {
            "type": "object",
            "required": ["policy", "fixed_80", "runway"],
            "additionalProperties": RULES,
        },
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the operator works: July at $10 a day, August at $15, half of September."""
    (tmp_path / "budgets.yaml").write_text(POLICY)
    days = [(date(2026, 7, 1) + timedelta(n), 10 if n < 31 else 15) for n in range(77)]
    (tmp_path / "days.csv").write_text(
        "at,cost_usd\n" + "".join(f"{day},{usd}\n" for day, usd in days)
    )
    start = datetime(2026, 7, 1, 4, tzinfo=UTC)
    (tmp_path / "hours.csv").write_text(
        "at,cost_usd\n"
        + "".join(
            f"{(start + timedelta(hours=n)).isoformat()},{0.5 if n % 24 >= 12 else 1}\n"
            for n in range(31 * 24 + 5)
        )
    )
    return tmp_path


def budget_bot(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; no token, no key, no network, no database."""
    given = {
        "BUDGET_BOT_CONFIG": str(folder / "budgets.yaml"),
        "BUDGET_BOT_DATABASE_URL": f"sqlite:///{folder}/none.db",
        "LOG_LEVEL": "ERROR",
    }
    return run(folder, given, "backtest", *words)


def as_json(folder: Path, *words: str) -> dict[str, Any]:
    """What another program reads."""
    done = budget_bot(folder, *words, "--json")
    assert (0, "") == (done.returncode, done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_file_of_days_is_replayed_for_programs(folder: Path) -> None:
    """July is calm, August reaches $400 on its 27th day, September is not over."""
    found = as_json(folder, "--csv", "days.csv", "--limit", "400", "--lead-time", "5 working days")

    validate(found, SHAPE)
    assert (2, 1) == (found["periods"], found["overruns"])
    fixed = found["rules"]["fixed_80"]
    assert (0, 1, 0, 0) == tuple(fixed[name] for name in ("in_time", "late", "missed", "false"))
    assert {"at": "2026-08-23T04:00:00+00:00", "stage": "respond", "lead_days": 4.67} == (
        fixed["alerts"][0]
    )
    assert 1 == found["rules"]["policy"]["in_time"]
    assert 1 == found["rules"]["runway"]["in_time"]
    assert [0.0] == [a["lead_days"] for a in fixed["alerts"] if a["stage"] == "exhausted"]
    assert not (folder / "none.db").exists()


def test_a_file_of_hours_is_evaluated_by_the_hour(folder: Path) -> None:
    """$18 a day of $600: 80 per cent is there at noon of the 27th day."""
    found = as_json(folder, "--csv", "hours.csv", "--limit", "600")
    alerts = found["rules"]["fixed_80"]["alerts"]

    validate(found, SHAPE)
    assert (1, 0, 1) == (
        found["periods"],
        found["overruns"],
        found["rules"]["fixed_80"]["false"],
    )
    assert {"at": "2026-07-27T16:00:00+00:00", "stage": "respond", "lead_days": None} == alerts[0]


def test_people_read_a_table_and_a_suggestion(folder: Path) -> None:
    """How each rule set did, every alert with its lead, and lines for budgets.yaml."""
    done = budget_bot(folder, "--csv", "days.csv", "--limit", "$400", "--lead-time", "3d")

    assert (0, "") == (done.returncode, done.stderr)
    assert "days: 1 of 2 periods overran; lead time 3d; the limit that was given" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["rules", "in", "time", "late", "missed", "false", "alarms", "median", "lead"] in lines
    assert ["fixed", "80", "%", "1", "0", "0", "0", "4.7", "days"] in lines
    assert "respond 08-23 00:00 (4.7 d)" in done.stdout
    assert "suggested for budgets.yaml:\n    lead_time: " in done.stdout


def test_the_chart_says_in_words_what_it_shows(folder: Path) -> None:
    """An SVG with title and description; each alert is a mark with a text of its own."""
    done = budget_bot(folder, "--csv", "days.csv", "--limit", "400", "--chart", "chart.svg")
    root = ET.parse(folder / "chart.svg").getroot()  # noqa: S314 our own file
    svg = "{http://www.w3.org/2000/svg}"

    assert (0, "chart written to chart.svg\n") == (done.returncode, done.stderr)
    assert ("img", "title desc") == (root.get("role"), root.get("aria-labelledby"))
    assert "days: backtest of 2 periods" == root.findtext(f"{svg}title")
    described = root.findtext(f"{svg}desc") or ""
    assert described.startswith("1 of 2 periods overran. policy: 1 in time, 0 late")
    marks = [mark.text for mark in root.iterfind(f"{svg}text/{svg}title")]
    assert "fixed 80 %: respond, 2026-08-23 00:00" in marks


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--csv", "days.csv"], "a file has no limit of its own: add --limit USD, or --budget"),
        (["--csv", "gone.csv", "--limit", "1"], "gone.csv: cannot be read: No such file"),
        (["--csv", "bad.csv", "--limit", "1"], "bad.csv: line 2, column at: not an ISO 8601 time"),
        (["--csv", "days.csv", "--limit", "lots"], "--limit 'lots' cannot be read; write it like"),
        (["--csv", "days.csv", "--limit", "1", "--lead-time", "5x"], "write it like 8h, 14d or 5"),
        (["--csv", "days.csv", "--limit", "1", "--since", "May"], "--since 'May' cannot be read"),
        (["--csv", "days.csv", "--limit", "1", "--since", "2026-09-01"], "no full month between"),
        (["--csv", "days.csv", "--limit", "1", "--chart", "no/c.svg"], "cannot be written"),
        (["--budget", "serch"], "Did you mean `search`?"),
        ([], "there is no database at"),
    ],
)
def test_bad_input_ends_with_2(folder: Path, words: list[str], says: str) -> None:
    """One line on stderr with the remedy, nothing on stdout."""
    (folder / "bad.csv").write_text("at,cost_usd\nsoon,1\n")
    done = budget_bot(folder, *words)

    assert (2, "") == (done.returncode, done.stdout)
    assert says in done.stderr
    assert 1 == len(done.stderr.splitlines())
