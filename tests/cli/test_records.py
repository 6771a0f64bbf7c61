"""The record at the command line: its head, what an export leaves behind, and days."""

import hashlib
import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.story.town import Town, at


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Town]:
    """Alerts at 23:30 on the first Sunday and an hour later; the bot has stopped."""
    place = Town(tmp_path, f"sqlite:///{tmp_path}/budgets.db", "http", at("2026-11-01 22:00"))
    with place.slack, place.usage, place.gateway:
        place.start_bot()
        place.turn()
        place.spends("60")
        place.goes_to("2026-11-01 23:30")
        place.spends("45")
        place.goes_to("2026-11-02 00:30")
        place.stop_bot()
        yield place


def budget_bot(place: Town, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return run(place.folder, {**place.environ(), **more}, *words)


def head(place: Town) -> str:
    """As it is printed."""
    return budget_bot(place, "audit", "head").stdout.strip()


def test_a_head_that_was_noted_is_found_again(acme: Town) -> None:
    """Whole or shortened, also after more rows; another hash or a number too high ends with 1."""
    noted = head(acme)
    seq, digest = noted.split(":")
    assert 64 == len(digest)
    budget_bot(acme, "export", "audit")

    for known in (noted, f"{seq}:{digest[:24]}"):
        assert 0 == budget_bot(acme, "audit", "verify", "--head", known).returncode
    other = digest.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
    for wrong in (f"{seq}:{other}", f"{int(seq) + 9}:{digest}"):
        done = budget_bot(acme, "audit", "verify", "--head", wrong)
        assert (1, "broken at row") == (done.returncode, done.stderr[:13])
    done = budget_bot(acme, "audit", "verify", "--head", "412")
    assert 2 == done.returncode
    assert "write it as `budget-bot audit head` or the digest says it" in done.stderr


def test_the_digest_carries_the_head(acme: Town) -> None:
    """A copy where the database cannot reach it; it can be held against the record as it is written."""
    acme.start_bot()
    acme.goes_to("2026-11-02 09:01")
    acme.stop_bot()
    digest = acme.said_in("#ai-budgets")[-1]
    (said,) = re.findall(r"Record up to row \d+: `(\d+:[0-9a-f]{24})`", digest)

    assert 0 == budget_bot(acme, "audit", "verify", "--head", said).returncode


def test_the_doctor_knows_how_the_record_is_kept(acme: Town) -> None:
    """With a key, without one, and with another one than it goes on under."""
    with_key = budget_bot(acme, "doctor").stdout
    assert re.search(
        r"ok +audit chain: [\d,]+ rows, the chain holds; signed with AUDIT_KEY", with_key
    )

    lost = budget_bot(acme, "doctor", AUDIT_KEY="another")
    assert re.search(r"FAIL +audit chain", lost.stdout)


def test_an_export_is_a_row_with_the_hash_of_the_file(acme: Town) -> None:
    """Whoever has the file can show that it is the one that was made."""
    done = budget_bot(acme, "export", "audit", "--format", "json")
    (row,) = [
        row
        for row in json.loads(budget_bot(acme, "export", "audit", "--format", "json").stdout)
        if row["kind"] == "export.made"
    ]

    assert hashlib.sha256(done.stdout.encode()).hexdigest() == row["data"]["sha256"]
    assert (len(json.loads(done.stdout)), "json", "operator", "audit") == (
        row["data"]["rows"],
        row["data"]["format"],
        row["actor"],
        row["subject"],
    )


def test_both_days_belong_to_an_export(acme: Town) -> None:
    """A local day has its last hour, and not the first of the next."""

    def told(*words: str) -> list[str]:
        rows = json.loads(budget_bot(acme, "export", "audit", "--format", "json", *words).stdout)
        return [row["data"]["stage"] for row in rows if row["kind"] == "alert.fired"]

    assert ["look"] == told("--from", "2026-11-01", "--to", "2026-11-01")
    assert ["exhausted"] == told("--from", "2026-11-02", "--to", "2026-11-02")
    assert ["look", "exhausted"] == told()


def test_what_cannot_be_recorded_is_not_exported(acme: Town) -> None:
    """Not a byte leaves, and the remedy is named."""
    with closing(sqlite3.connect(acme.folder / "budgets.db")) as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    done = budget_bot(acme, "export", "audit")

    assert (2, "") == (done.returncode, done.stdout)
    assert "nothing was exported, because it could not be recorded" in done.stderr
    assert "disk full" in done.stderr


def test_an_export_under_a_lost_key_is_not_made(acme: Town) -> None:
    """It would have to be a row, and a row without the key would break the chain."""
    done = budget_bot(acme, "export", "audit", AUDIT_KEY="")

    assert (2, "") == (done.returncode, done.stdout)
    assert "AUDIT_KEY" in done.stderr
