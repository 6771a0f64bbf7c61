"""The command `backfill` as an operator runs it: real processes, real HTTP, signals, exit codes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.clock import utc_now
from bot.domain.policy import Basis
from store import ledger, sources
from store.db import Database
from tests.cli.command import run
from tests.story.town import POLICY, ZONE, Town

DAY = timedelta(days=1)
DAYS = 40
HISTORY = f"{POLICY}sources:\n  - {{kind: anthropic, history: {DAYS}d}}\n"


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """A town without a bot, with a dollar spent on every one of the last sixty days."""
    place = Town(tmp_path, database_url, "http", utc_now(), HISTORY)
    with place.slack, place.usage, place.gateway:
        for days in range(1, 60):
            place.usage.spend(place.clock() - days * DAY, "1", workspace="team-search")
        yield place


sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def environment(place: Town, **more: str) -> dict[str, str]:
    """What the process sees; neither a Slack token nor a secret of the target is needed."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    needless = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET")
    given = {name: value for name, value in place.environ().items() if name not in needless}
    paths = {"PYTHONPATH": str(Path.cwd()), "COLUMNS": "100"}
    return {**keep, **given, **paths, "LOG_LEVEL": "ERROR", **more}


def start(place: Town, *words: str, **more: str) -> subprocess.Popen[str]:
    """Begin a command."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        env=environment(place, **more),
        cwd=place.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code and what was said."""
    out, err = process.communicate(timeout=90)
    return process.returncode, out, err


def backfill(place: Town, *words: str) -> tuple[int, str, str]:
    """Run the command to its end."""
    done = run(place.folder, environment(place), "backfill", *words)
    return done.returncode, done.stdout, done.stderr


def in_ledger(place: Town) -> tuple[datetime, Decimal]:
    """From when on it is complete, and the dollars in it."""
    database = Database(place.database_url, b"a-key-of-the-tests")
    now = place.clock()
    with database.transaction() as tx:
        covered = sources.load(tx, "anthropic").covered_from
        spent = sum(ledger.spend(tx, now - 400 * DAY, now + DAY, Basis.NET).values())
    database.close()
    assert covered is not None
    return covered, Decimal(spent) / 1_000_000


def there(place: Town, since: datetime) -> Decimal:
    """What was spent since then, by the usage API's own books."""
    events = place.usage.events.values()
    return sum((e.cents or Decimal(0) for e in events if e.at >= since), Decimal(0)) / 100


def local_midnight(moment: datetime) -> datetime:
    """Of the organization's day."""
    day = moment.astimezone(ZONE)
    return day.replace(hour=0, minute=0, second=0, microsecond=0)


def until(true: threading.Event, place: Town, asked: int) -> None:
    """Wait until the usage API was asked for so many costs."""
    ends = time.monotonic() + 60
    while costs(place) < asked:
        assert time.monotonic() < ends
        true.wait(0.02)


def costs(place: Town) -> int:
    """How often costs were asked for."""
    return sum(seen.path.endswith("analytics/cost") for seen in place.usage.requests)


def windows(place: Town) -> list[tuple[str, str]]:
    """What was asked for, fetch by fetch."""
    asked = [dict(s.parameters) for s in place.usage.requests if s.path.endswith("analytics/cost")]
    return [(a["starting_at"], a["ending_at"]) for a in asked]


def test_it_fills_an_empty_database(acme: Town) -> None:
    """One line says what came; nobody is alerted by it; a second time there is nothing to do."""
    before = acme.clock()
    code, out, err = backfill(acme)
    covered, spent = in_ledger(acme)
    first = local_midnight(before - DAYS * DAY)

    assert (0, "") == (code, err)
    assert first == covered
    assert there(acme, first) == spent
    assert out.startswith(f"anthropic: {spent} rows, ${spent} net, {covered:%Y-%m-%dT%H:%MZ} to ")
    assert 1 == len(out.splitlines())
    assert 0 == len(acme.person("dana").dms())
    again = backfill(acme)
    assert (0, f"anthropic: nothing to read, it is there from {covered:%Y-%m-%dT%H:%MZ}\n") == (
        again[:2]
    )


def test_ctrl_c_ends_it_after_the_chunk(acme: Town) -> None:
    """Exit 130 and a word on what to do; the next run goes on there and reads no chunk twice."""
    process = start(acme, "backfill")
    until(threading.Event(), acme, 2)
    acme.usage.faults.add("delay", "analytics/usage", seconds=1)
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    covered, spent = in_ledger(acme)

    assert 130 == code
    assert "stopped; run it again, and it goes on where it stopped" in err
    assert "Traceback" not in err
    assert there(acme, covered) == spent
    code, _, err = backfill(acme)
    assert (0, "") == (code, err)
    first = local_midnight(acme.clock() - DAYS * DAY)
    assert (first, there(acme, first)) == in_ledger(acme)
    assert len(set(windows(acme))) == len(windows(acme))


def test_a_killed_run_is_gone_on_with(acme: Town) -> None:
    """Killed with a chunk in hand: that one is read again, those before are not."""
    process = start(acme, "backfill")
    until(threading.Event(), acme, 2)
    acme.usage.faults.add("delay", "analytics/cost", seconds=3)
    until(threading.Event(), acme, 3)
    process.kill()
    ended(process)
    covered, spent = in_ledger(acme)
    assert there(acme, covered) == spent
    read = windows(acme)[:-1]

    assert 0 == backfill(acme)[0]
    first = local_midnight(acme.clock() - DAYS * DAY)
    assert (first, there(acme, first)) == in_ledger(acme)
    assert [1] * len(read) == [windows(acme).count(window) for window in read]


@sqlite
def test_a_failing_source_ends_with_1(acme: Town) -> None:
    """What was read stays; the remedy, and that it can simply be run again."""
    process = start(acme, "backfill")
    until(threading.Event(), acme, 2)
    acme.usage.faults.add("error", times=None, status=403, type="permission_error")
    code, out, err = ended(process)

    assert 1 == code
    assert out.startswith("anthropic: ")
    assert "ANTHROPIC_ADMIN_KEY" in err
    assert "run it again, and it goes on where it stopped" in err
    assert 1 == len(err.splitlines())
    covered, spent = in_ledger(acme)
    assert there(acme, covered) == spent


@sqlite
def test_an_empty_database_stays_empty_when_the_source_fails(acme: Town) -> None:
    """Nobody is told that the bot is blind, because no bot looks."""
    acme.usage.faults.add("error", times=None, status=401, type="authentication_error")
    code, out, err = backfill(acme)

    assert (1, "") == (code, out)
    assert "ANTHROPIC_ADMIN_KEY" in err
    assert [] == acme.said_in("#ai-budget-ops")


@sqlite
def test_a_window_is_healed_by_force(acme: Town) -> None:
    """`--since` a day that is covered reads from there to now, whatever the second pass would do."""
    assert 0 == backfill(acme)[0]
    event = min(e.id for e in acme.usage.events.values() if acme.clock() - e.at > 20 * DAY)
    acme.usage.revise(event, usd="50")
    since = local_midnight(acme.usage.events[event].at)
    code, out, _ = backfill(acme, "--since", f"{since:%Y-%m-%d}")
    covered, spent = in_ledger(acme)

    assert 0 == code
    assert covered < since
    assert there(acme, covered) == spent
    assert f"${there(acme, since)} net, {since.astimezone(UTC):%Y-%m-%dT%H:%MZ} to " in out


@sqlite
def test_it_says_how_far_back_the_source_answers(acme: Town) -> None:
    """Not a failure: the rest comes from a file."""
    assert 0 == backfill(acme)[0]
    earliest = max(
        datetime.fromisoformat("2026-01-01T00:00Z"), acme.clock() - 365 * DAY + timedelta(hours=2)
    )
    database = Database(acme.database_url, b"a-key-of-the-tests")
    with database.transaction() as tx:
        state = sources.lock(tx, "anthropic")
        sources.save(tx, replace(state, covered_from=earliest + 2 * DAY))
    database.close()
    code, out, err = backfill(acme, "--since", f"{earliest - 9 * DAY:%Y-%m-%d}")

    assert (0, "") == (code, err)
    assert f"anthropic answers from {earliest:%Y-%m-%d}: earlier usage can be imported" in out
    assert "budget-bot import FILE" in out


def test_it_runs_beside_the_bot(acme: Town) -> None:
    """The bot polls, reads history itself and is not disturbed; every dollar is there once."""
    secrets = {
        "SLACK_BOT_TOKEN": acme.slack.bot_token,
        "SLACK_SIGNING_SECRET": acme.slack.signing_secret,
    }
    bot = start(acme, "run", **secrets)
    until(threading.Event(), acme, 1)
    code, _, err = backfill(acme)
    bot.terminate()
    bot_code, _, bot_err = ended(bot)
    first = local_midnight(acme.clock() - DAYS * DAY)

    assert (0, "") == (code, err)
    assert (first, there(acme, first)) == in_ledger(acme)
    assert (0, "") == (bot_code, bot_err)


@sqlite
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--since", "May"], "--since 'May' is not a day; write it like 2026-09-01"),
        (["--since", "2099-01-01"], "--since 2099-01-01: that day has not begun yet"),
        (["--source", "anthropc"], "--source 'anthropc' is not in the policy file"),
    ],
)
def test_what_cannot_run_says_why_in_one_line(acme: Town, words: list[str], says: str) -> None:
    """Exit 2, the remedy on stderr, nothing on stdout, nothing asked."""
    code, out, err = backfill(acme, *words)

    assert (2, "") == (code, out)
    assert says in err
    assert 1 == len(err.splitlines())
    assert () == acme.usage.requests
