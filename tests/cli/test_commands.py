"""The command line, as an operator and other programs drive it: real processes, real HTTP."""

import csv
import io
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bot.clock import utc_now
from tests.cli.command import environment, run
from tests.story.town import POLICY, Town, at

NOVEMBER = at("2026-11-24 10:00")


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Town]:
    """A town without a bot: the tests start it as an operator would."""
    place = Town(tmp_path, f"sqlite:///{tmp_path}/budgets.db", "http", NOVEMBER)
    with place.slack, place.usage, place.gateway:
        yield place


def budget_bot(place: Town, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return run(place.folder, {**place.environ(), **more}, *words)


def test_a_tick_tells_the_owner_and_exits(acme: Town) -> None:
    """`tick --at` polls, fires, delivers what is due and exits 0."""
    acme.spends("85")
    acme.clock.to(at("2026-11-24 11:00"))

    done = budget_bot(acme, "tick", "--at", "2026-11-24T11:00")

    assert 0 == done.returncode, done.stderr
    assert "1 usage rows, 1 alerts" in done.stdout
    (dm,) = acme.said_to("dana")
    assert dm.startswith("respond: Search ranking has spent $85 of $100 (85 %)")
    assert Decimal(100) == acme.limit_at_gateway()


def test_a_dry_run_prints_what_would_be_said_and_changes_nothing(acme: Town) -> None:
    """`tick --dry-run` leaves database, Slack and gateway as they were."""
    acme.spends("85")
    acme.clock.to(at("2026-11-24 11:00"))

    done = budget_bot(acme, "tick", "--dry-run", "--at", "2026-11-24T11:00")

    assert 0 == done.returncode
    assert "to dana@example.com: respond: Search ranking has spent $85 of $100" in done.stdout
    assert "to the enforcement target: search allow $100.00" in done.stdout
    assert [] == acme.said_to("dana")
    assert () == acme.gateway.journal
    assert "everything is delivered" in budget_bot(acme, "outbox", "list").stdout
    assert "everything is delivered" in budget_bot(acme, "outbox").stdout


def test_a_failing_source_is_told_once_and_ends_with_1(acme: Town) -> None:
    """Two ticks in an outage: exit 1 each, one message to the operators."""
    acme.usage.faults.add("status", times=None, status=500)
    first = budget_bot(acme, "tick")
    acme.usage.faults.clear()
    acme.usage.faults.add("error", times=None, status=403, type="permission_error")
    second = budget_bot(acme, "tick")

    assert [1, 1] == [first.returncode, second.returncode]
    assert "source failed" in first.stderr
    (told,) = acme.said_in("#ai-budget-ops")
    assert "Blind since" in told


def test_a_wrong_key_names_the_remedy(acme: Town) -> None:
    """Whoever set the key up reads which variable to change, and the key itself is nowhere."""
    done = budget_bot(acme, "tick", ANTHROPIC_ADMIN_KEY="sk-ant-admin01-wrong-key")

    assert 1 == done.returncode
    assert "ANTHROPIC_ADMIN_KEY" in done.stderr
    assert "sk-ant-admin01-wrong-key" not in done.stdout + done.stderr
    (told,) = acme.said_in("#ai-budget-ops")
    assert "ANTHROPIC_ADMIN_KEY" in told


@pytest.mark.parametrize(
    ("words", "more", "says"),
    [
        (["tick", "--at", "soon"], {}, "--at 'soon' is not a time"),
        (["fly"], {}, "No such command 'fly'"),
        (["run"], {"SLACK_BOT_TOKEN": "xoxb-wrong"}, "SLACK_BOT_TOKEN: invalid_auth"),
        (["run"], {"SLACK_BOT_TOKEN": ""}, "SLACK_BOT_TOKEN: is missing"),
        (["tick"], {"BUDGET_BOT_CONFIG": "gone.yaml"}, "gone.yaml: does not exist"),
        (["status"], {"BUDGET_BOT_DATABASE_URL": "mysql://x"}, "BUDGET_BOT_DATABASE_URL"),
        (["status", "serch"], {}, "Did you mean `search`?"),
        (["outbox", "redrive", "7"], {}, "there is no given-up entry 7"),
        (["export", "decisions", "--from", "May"], {}, "--from 'May' is not a day"),
    ],
)
def test_what_cannot_run_says_why_in_one_line(
    acme: Town, words: list[str], more: dict[str, str], says: str
) -> None:
    """Exit 2, the remedy on stderr, nothing on stdout."""
    if not more:
        budget_bot(acme, "migrate")
    done = budget_bot(acme, *words, **more, LOG_LEVEL="ERROR")

    assert (2, "") == (done.returncode, done.stdout)
    assert says in done.stderr
    assert 1 == len(done.stderr.splitlines())


def test_looking_makes_no_database(acme: Town) -> None:
    """In the wrong folder nothing is called fine: there is no database, and none is made."""
    done = budget_bot(acme, "audit", "verify")

    assert 2 == done.returncode
    assert "there is no database at" in done.stderr
    assert [] == list(acme.folder.glob("*.db"))


def test_a_wrong_policy_names_file_line_and_field(acme: Town) -> None:
    """Several faults at once, each with its line; exit 2."""
    acme.write_policy(
        POLICY.replace("limit: 100\n", "limit: -1\n").replace("owner: pat@", "ownr: ")
    )

    done = budget_bot(acme, "check")

    lines = done.stderr.splitlines()
    assert 2 == done.returncode
    assert any("budgets.yaml:" in line and "budgets[1].limit" in line for line in lines)
    assert any("did you mean 'owner'?" in line for line in lines)


def test_rules_are_held_against_what_was_used(acme: Town) -> None:
    """`check --against-usage` shows where dollars would land, and what nobody would claim."""
    acme.clock.to(utc_now())
    acme.spends("30")
    acme.spends("10", workspace="lab", actor="kim@example.com")
    budget_bot(acme, "tick")
    acme.write_policy(POLICY.replace("workspace: team-search", 'workspace: "team-*"'))

    done = budget_bot(acme, "check", "--against-usage")

    assert 0 == done.returncode, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "The last 30 days, $40, would land on:" in lines
    assert "search $30 75 %" in lines
    assert "unattributed $10 25 %" in lines
    assert "$10 {workspace: lab, actor: kim@example.com}" in lines


def test_the_schema_is_json(acme: Town) -> None:
    """`schema` prints what an editor reads."""
    assert "properties" in json.loads(budget_bot(acme, "schema").stdout)


def test_status_for_people_and_for_programs(acme: Town) -> None:
    """The standings as a table, and as JSON with dollars as strings."""
    acme.usage.spend(utc_now(), "85", workspace="team-search")
    acme.clock.to(utc_now())
    budget_bot(acme, "tick")

    table = budget_bot(acme, "status").stdout
    (standing,) = json.loads(budget_bot(acme, "status", "search", "--json").stdout)
    assert "search" in table
    assert ("85.00", "100.00", "respond") == (
        standing["spent_usd"],
        standing["limit_usd"],
        standing["stage"],
    )


def test_doctor_finds_what_is_wrong(acme: Town) -> None:
    """A line each; an owner who left and a person nobody knows are named, and the exit is 1."""
    acme.slack.deactivate(acme.person("lee"))
    acme.write_policy(POLICY.replace("fin@example.com", "nobody@example.com"))

    done = budget_bot(acme, "doctor")

    assert 1 == done.returncode
    assert "FAIL person lee@example.com" in done.stdout
    assert "FAIL person nobody@example.com: users_not_found" in done.stdout
    assert "ok   Slack" in done.stdout
    assert "ok   source anthropic" in done.stdout
    assert "ok   enforcement target" in done.stdout


def test_the_bot_runs_until_sigterm(acme: Town) -> None:
    """`run` migrates, ticks by itself, serves health and Slack, and SIGTERM ends it with 0."""
    acme.clock.to(utc_now())
    acme.spends("85")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        env=environment(acme.environ()),
        cwd=acme.folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    acme.slack.deliver_to(f"http://127.0.0.1:{acme.port}/slack/events")
    try:
        acme.slack.wait_until(lambda: len(acme.said_to("dana")) == 1, timeout=30)
        acme.slack.wait_until(lambda: acme.limit_at_gateway() == Decimal(100), timeout=10)
        answer = acme.person("tom").types("/budget status search")
        with urllib.request.urlopen(f"http://127.0.0.1:{acme.port}/readyz", timeout=10) as ready:
            assert 200 == ready.status
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)

    assert "$85 of $100 (85 %)" in answer.text
    assert 0 == process.returncode, log
    assert "xoxb" not in log


def test_a_second_bot_on_the_same_sqlite_is_refused(acme: Town) -> None:
    """SQLite is for one process; the second says what to do and ends with 2."""
    acme.clock.to(utc_now())
    first = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        env=environment(acme.environ()),
        cwd=acme.folder,
        stderr=subprocess.DEVNULL,
    )
    try:
        acme.slack.wait_until(lambda: bool(acme.slack.calls("auth.test")), timeout=20)
        second = budget_bot(acme, "run", BUDGET_BOT_HTTP="127.0.0.1:0")
    finally:
        first.send_signal(signal.SIGTERM)
        first.wait(30)

    assert 2 == second.returncode
    assert "another budget-bot runs on this database" in second.stderr


def test_decisions_are_exported_for_an_auditor(acme: Town) -> None:
    """JSON and CSV with the same columns; a reason that looks like a formula is text in the CSV."""
    acme.start_bot()
    acme.spends("90")
    acme.turn()
    fin, dana = acme.person("fin"), acme.person("dana")
    dana.types("/budget request search 25 launch week")
    acme.settles()
    fin.presses("request:deny", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: fin.view() is not None)
    fin.fills({"reason": "=1+1 wait for the review"})
    fin.submits()
    acme.slack.wait_until(lambda: "Denied by" in acme.last_dm("fin").text)
    acme.stop_bot()

    exported = json.loads(budget_bot(acme, "export", "decisions", "--format", "json").stdout)
    table = list(
        csv.DictReader(
            io.StringIO(budget_bot(acme, "export", "decisions", "--format", "csv").stdout)
        )
    )

    (decision,) = exported
    assert {
        "request": 1,
        "budget": "search",
        "kind": "denied",
        "decided_by": ["U0FIN"],
        "requested_by": "U0DANA",
        "amount_usd": "25.00",
        "granted_usd": "0.00",
        "until": None,
        "spent_usd": "90.00",
        "limit_before_usd": "100.00",
        "limit_after_usd": "100.00",
    }.items() <= decision.items()
    assert list(decision) == list(table[0])
    assert "'=1+1 wait for the review" == table[0]["reason"]
    assert "the chain holds" in budget_bot(acme, "audit", "verify").stdout
