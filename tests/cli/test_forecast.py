"""The command `forecast` as an operator and other programs run it: real processes, real files."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.story.town import POLICY

DAILY = ["at,cost_usd", *(f"2026-11-{day:02},4" for day in range(1, 21))]
KEYS = {
    "at",
    "period",
    "spent_usd",
    "p50_usd",
    "p80_usd",
    "runs_out_at",
    "confidence",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the operator works: a policy and twenty days at $4, and no database."""
    (tmp_path / "budgets.yaml").write_text(POLICY)
    (tmp_path / "daily.csv").write_text("\n".join(DAILY))
    return tmp_path


def budget_bot(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; neither a token nor a key is needed."""
    given = {
        "BUDGET_BOT_CONFIG": str(folder / "budgets.yaml"),
        "BUDGET_BOT_DATABASE_URL": f"sqlite:///{folder}/budgets.db",
        "LOG_LEVEL": "ERROR",
    }
    return run(folder, given, *words)


def imported(folder: Path) -> None:
    """$1 an hour to search and $2 to nobody, for the forty days before 21 November in New York."""
    end = datetime(2026, 11, 21, 5, tzinfo=UTC)
    lines = ["at,cost_usd,workspace_id,workspace"]
    for n in range(40 * 24, 0, -1):
        begin = end - timedelta(hours=n)
        lines += [f"{begin:%Y-%m-%dT%H:%MZ},0.10,w1,team-search", f"{begin:%Y-%m-%dT%H:%MZ},2,,"]
    (folder / "usage.csv").write_text("\n".join(lines))
    done = budget_bot(folder, "import", "usage.csv")
    assert 0 == done.returncode, done.stderr


def test_a_file_needs_no_database(folder: Path) -> None:
    """One object with exactly the agreed keys; a daily file is known up to its last midnight."""
    done = budget_bot(
        folder, "forecast", "search", "--csv", "daily.csv", "--at", "2026-11-21", "--json"
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert {
        "at": "2026-11-21T05:00:00+00:00",
        "period": {
            "starts_at": "2026-11-01T04:00:00+00:00",
            "ends_at": "2026-12-01T05:00:00+00:00",
        },
        "spent_usd": "80.00",
        "p50_usd": "120.00",
        "p80_usd": json.loads(done.stdout)["p80_usd"],
        "runs_out_at": "2026-11-26T05:00:00+00:00",
        "confidence": "normal",
    } == json.loads(done.stdout)
    assert 120 <= float(json.loads(done.stdout)["p80_usd"]) < 160
    assert not (folder / "budgets.db").exists()


def test_a_file_without_a_budget(folder: Path) -> None:
    """The policy's period and time zone, and no limit that could be reached."""
    done = budget_bot(folder, "forecast", "--csv", "daily.csv", "--at", "2026-11-21", "--json")
    found = json.loads(done.stdout)

    assert KEYS == found.keys()
    assert ("120.00", None) == (found["p50_usd"], found["runs_out_at"])


def test_too_little_history(folder: Path) -> None:
    """After two days there is no figure, and no guess in place of one."""
    done = budget_bot(
        folder, "forecast", "search", "--csv", "daily.csv", "--at", "2026-11-03", "--json"
    )
    found = json.loads(done.stdout)

    assert ("none", None, None) == (found["confidence"], found["p50_usd"], found["p80_usd"])
    assert ("8.00", None) == (found["spent_usd"], found["runs_out_at"])


def test_of_the_ledger(folder: Path) -> None:
    """One budget is an object, all are a list that names them, and a parent counts its child."""
    imported(folder)
    one = budget_bot(folder, "forecast", "search", "--at", "2026-11-21", "--json")
    every = budget_bot(folder, "forecast", "--at", "2026-11-21", "--json")
    found = {entry.pop("budget"): entry for entry in json.loads(every.stdout)}

    assert (0, "") == (one.returncode, one.stderr)
    assert KEYS == json.loads(one.stdout).keys()
    assert ["platform", "search", "growth"] == list(found)
    assert json.loads(one.stdout) == found["search"]
    assert "48.10" == found["search"]["spent_usd"] == found["platform"]["spent_usd"]
    assert "0.00" == found["growth"]["spent_usd"]


def test_for_people(folder: Path) -> None:
    """A table, each budget with the reason for its forecast, and as of when the figures are."""
    imported(folder)
    done = budget_bot(folder, "forecast", "--at", "2026-11-21")
    single = budget_bot(folder, "forecast", "search", "--at", "2026-11-21")
    lines = done.stdout.splitlines()

    assert (0, "") == (done.returncode, done.stderr)
    assert ["budget", "spent", "P50", "P80", "runs", "out", "confidence"] == lines[0].split()[:7]
    (search,) = [line for line in lines if line.strip().startswith("search")]
    assert "$48.10 of $100 (48 %)" in search
    assert "not in this period" in search
    assert "$72 " in search
    assert "at that level the rest of November costs $24" in search
    assert "as of Sat 21 Nov 00:00" in done.stdout
    assert "at that level the rest of November costs $24" in single.stdout.splitlines()[2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["serch"], "Did you mean `search`?"),
        (["serch", "--csv", "daily.csv"], "Did you mean `search`?"),
        (["--csv", "gone.csv"], "gone.csv: cannot be read: No such file or directory"),
        (["--csv", "budgets.yaml"], "budgets.yaml: no column at"),
        (["--csv", "daily.csv", "--at", "soon"], "--at 'soon' is not a time; write it like"),
        (["search"], "there is no database at"),
    ],
)
def test_what_cannot_run_says_why_in_one_line(folder: Path, words: list[str], says: str) -> None:
    """Exit 2, the remedy on stderr, nothing on stdout, and no database is made."""
    done = budget_bot(folder, "forecast", *words)

    assert (2, "") == (done.returncode, done.stdout)
    assert says in done.stderr
    assert 1 == len(done.stderr.splitlines())
    assert [] == list(folder.glob("*.db"))
