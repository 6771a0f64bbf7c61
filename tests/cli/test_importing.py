"""The command `import` as an operator runs it: real processes, real files, exit codes."""

import subprocess
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli import importing
from tests.cli.command import run
from tests.story.town import POLICY

FOCUS = (
    "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BillingCurrency,EffectiveCost,ListCost,"
    "ServiceProviderName,SubAccountId,SubAccountName,Tags\n"
    "2026-11-02T00:00:00Z,2026-11-02T01:00:00Z,Usage,USD,12.50,15,Anthropic,w1,team-search,{}\n"
    "2026-11-02T01:00:00Z,2026-11-02T02:00:00Z,Usage,USD,2,2,Anthropic,w2,else,\n"
    "2026-11-30T00:00:00Z,2026-12-01T00:00:00Z,Tax,USD,1.30,1.30,Anthropic,,,\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the operator works."""
    (tmp_path / "budgets.yaml").write_text(POLICY)
    (tmp_path / "focus.csv").write_text(FOCUS)
    return tmp_path


def budget_bot(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; neither a token nor a key is needed."""
    given = {
        "BUDGET_BOT_CONFIG": str(folder / "budgets.yaml"),
        "BUDGET_BOT_DATABASE_URL": f"sqlite:///{folder}/budgets.db",
        "LOG_LEVEL": "ERROR",
        "COLUMNS": "100",
    }
    return run(folder, given, *words)


def figures(text: str) -> list[list[str]]:
    """The printed lines, word by word."""
    return [line.split() for line in text.splitlines()]


def test_a_focus_file_lands_on_the_budgets(folder: Path) -> None:
    """Exit 0, a line for each budget, what is no usage is named; again, it changes nothing."""
    first = budget_bot(folder, "import", "focus.csv")
    again = budget_bot(folder, "import", "focus.csv")

    assert (0, "") == (first.returncode, first.stderr)
    assert "2 rows of FOCUS 1.3 imported, 2026-11-02T00:00Z to 2026-11-02T02:00Z" in first.stdout
    assert ["search", "$12.50", "$15"] in figures(first.stdout)
    assert ["unattributed", "$2", "$2"] in figures(first.stdout)
    assert "skipped: 1 lines of Tax ($1.30), which is not usage" in first.stdout
    assert first.stdout == again.stdout


def test_a_dry_run_says_where_dollars_would_land(folder: Path) -> None:
    """Nothing is imported: the same hours from another file do not overlap afterwards."""
    (folder / "other.csv").write_text("at,cost_usd\n2026-11-02T00:00Z,1\n")
    dry = budget_bot(folder, "import", "focus.csv", "--dry-run")
    other = budget_bot(folder, "import", "other.csv")

    assert 0 == dry.returncode
    assert "2 rows of FOCUS 1.3 would be imported" in dry.stdout
    assert ["search", "$12.50", "$15"] in figures(dry.stdout)
    assert 0 == other.returncode, other.stderr


def test_a_file_of_several_products_says_so(folder: Path) -> None:
    """A cloud's own export holds machines, too: what the dollars were for is printed."""
    (folder / "cloud.csv").write_text(
        "at,cost_usd,product\n2026-11-02T00:00Z,1,Bedrock\n2026-11-02T00:00Z,9,EC2\n"
    )

    assert "spent on: EC2 $9, Bedrock $1" in budget_bot(folder, "import", "cloud.csv").stdout


def test_refused_lines_end_with_1(folder: Path) -> None:
    """The first fifty are printed, the rest is counted; the good ones are in."""
    (folder / "bad.csv").write_text(
        "when,amount,who\n2026-11-02T00:00Z,1,team-search\n" + "soon,1,x\n" * 3_000
    )
    done = budget_bot(folder, "import", "bad.csv", "--map", "at=when,cost_usd=amount,workspace=who")

    said = done.stderr.splitlines()
    assert 1 == done.returncode
    assert "refused: line 3, column when: not an ISO 8601 time: 'soon'" == said[0]
    assert ["refused: 2,950 more lines"] == said[50:]
    assert ["search", "$1", "$1"] in figures(done.stdout)


def test_an_overlap_ends_with_2_unless_it_is_meant(folder: Path) -> None:
    """The other source and the hours in one line; with --overlap a warning."""
    (folder / "plain.csv").write_text("at,cost_usd\n2026-11-02T01:00Z,1\n")
    budget_bot(folder, "import", "focus.csv")
    refused = budget_bot(folder, "import", "plain.csv")
    meant = budget_bot(folder, "import", "plain.csv", "--overlap")

    assert (2, "") == (refused.returncode, refused.stdout)
    assert 1 == len(refused.stderr.splitlines())
    assert "already covered by import:" in refused.stderr
    assert "2026-11-02T01:00Z to 2026-11-02T02:00Z" in refused.stderr
    assert 0 == meant.returncode
    assert meant.stderr.startswith("warning: import:")


@pytest.mark.parametrize(
    ("words", "content", "says"),
    [
        (["gone.csv"], None, "gone.csv: cannot be read: No such file or directory"),
        (["."], None, "cannot be read: Is a directory"),
        (["x.csv"], b"\x89PNG\r\n\x1a\n\x00\xff", "x.csv: not CSV in UTF-8"),
        (["x.csv"], b"", "x.csv: empty"),
        (["x.csv"], b"tim,cost_us\n1,2\n", "cost_usd (nearest: cost_us)"),
        (["x.csv", "--map", "at=tme"], b"time,cost_usd\n", "no column tme (nearest: time)"),
        (["x.csv", "--map", "when=time"], b"time,cost_usd\n", "there is no field 'when'"),
        (
            ["x.csv"],
            b"at,cost_usd,workspce\n2026-11-02T01:00Z,1,team-search\n",
            "nothing is read from the column 'workspce'; did you mean workspace?",
        ),
        (["x.csv"], b"ChargePeriodStart,BilledCost\n", "FOCUS without ChargePeriodEnd"),
    ],
)
def test_a_file_that_cannot_be_used_ends_with_2(
    folder: Path, words: list[str], content: bytes | None, says: str
) -> None:
    """One line on stderr with the remedy, nothing on stdout."""
    if content is not None:
        (folder / "x.csv").write_bytes(content)
    done = budget_bot(folder, "import", *words)

    assert (2, "") == (done.returncode, done.stdout)
    assert says in done.stderr
    assert 1 == len(done.stderr.splitlines())


def test_it_registers_one_command() -> None:
    """Its help names the options."""
    app = typer.Typer()
    app.callback()(lambda: None)
    importing.register(app)
    shown = CliRunner().invoke(app, ["import", "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})

    assert 0 == shown.exit_code
    assert all(option in shown.output for option in ("--map", "--overlap", "--dry-run"))
