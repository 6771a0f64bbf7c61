"""The record: whatever is changed in it afterwards is found, and it has no gaps."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from bot.domain.errors import ConfigError
from store import audit, audit_reading
from store.audit_chain import GENESIS, Verdict
from store.db import Database, savepoint

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def write(db: Database, *subjects: str, now: datetime = NOW) -> None:
    """A transaction that notes something about each subject."""
    with db.transaction() as tx:
        for subject in subjects:
            audit.note(tx, "request.asked", "U0DANA", subject, {"amount": 5, "why": "größer"}, now)


def verify(db: Database, key: bytes | None = None) -> Verdict:
    """With the database's own key, unless another is given."""
    return audit_reading.verify(db, key=key)


def execute(db: Database, statement: str) -> None:
    """What an administrator might do by hand."""
    with db.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_every_row_covers_the_one_before(db: Database) -> None:
    """Numbers from one without gaps, each row's hash in the next, the first on nothing."""
    write(db, "search", "growth")
    write(db, "search")
    rows = list(audit_reading.entries(db))

    assert [1, 2, 3] == [row.seq for row in rows]
    assert ["search", "growth", "search"] == [row.subject for row in rows]
    assert [GENESIS, rows[0].hash, rows[1].hash] == [row.previous_hash for row in rows]
    assert Verdict(3) == verify(db)


def test_an_empty_record_is_whole(db: Database) -> None:
    """Before anything happened there is nothing to find."""
    assert Verdict(0) == verify(db)


def test_the_zone_of_a_moment_does_not_matter(db: Database) -> None:
    """A moment comes back in UTC, and hashes as it did."""
    write(db, "search", now=NOW.astimezone(timezone(timedelta(hours=-5))))

    assert Verdict(1) == verify(db)


def test_rows_of_an_interval(db: Database) -> None:
    """From the first moment up to, and without, the second."""
    for day in range(4):
        write(db, str(day), now=NOW + timedelta(days=day))
    interval = NOW + timedelta(days=1), NOW + timedelta(days=3)
    found = list(audit_reading.entries(db, *interval))

    assert ["1", "2"] == [row.subject for row in found]


@pytest.mark.parametrize(
    "change",
    [
        "subject = 'growth'",
        "actor = 'U0EVE'",
        "kind = 'request.denied'",
        "data = '{\"amount\": 6}'",
        "at = '2026-11-24 09:00:00'",
        "previous_hash = hash",
        "hash = previous_hash",
    ],
)
def test_an_edited_row_is_found(db: Database, change: str) -> None:
    """Whatever is changed in it; the verdict names the row."""
    write(db, "a", "b", "c")
    execute(db, f"UPDATE audit SET {change} WHERE seq = 2")  # noqa: S608 the changes of the test

    verdict = verify(db)
    assert 2 == verdict.broken_at
    assert "row 2 was changed" in (verdict.why or "")


@pytest.mark.parametrize(
    ("damage", "broken_at"),
    [
        (("DELETE FROM audit WHERE seq = 2",), 2),
        (("DELETE FROM audit WHERE seq = 1",), 1),
        (("DELETE FROM audit WHERE seq = 3",), 3),
        (("DELETE FROM audit WHERE seq > 1",), 2),
        (("DELETE FROM audit",), 1),
        (("DELETE FROM audit WHERE seq = 3", "DELETE FROM audit_head"), 3),
        (("DELETE FROM audit_head",), 4),
    ],
    ids=["middle", "first", "last", "tail", "all", "last and the head", "the head"],
)
def test_a_removed_row_is_found(db: Database, damage: tuple[str, ...], broken_at: int) -> None:
    """In the middle by its number, at the end by the head."""
    write(db, "a", "b", "c")
    for statement in damage:
        execute(db, statement)

    assert broken_at == verify(db).broken_at


def test_with_a_key_nobody_else_can_continue_the_chain(db: Database, database_url: str) -> None:
    """Whoever lacks the key is refused with the remedy, and the chain is verified with no other."""
    write(db, "a", "b")
    assert 1 == verify(db, b"another").broken_at
    forger = Database(database_url, audit_key=None)
    with pytest.raises(ConfigError, match="Set the key"):
        write(forger, "c")
    forger.close()

    assert Verdict(2) == verify(db)


def test_without_a_key_accidents_are_found(database_url: str) -> None:
    """A plain hash chain is verified without a key."""
    plain = Database(database_url)
    write(plain, "a", "b")
    assert Verdict(2) == verify(plain)
    execute(plain, "UPDATE audit SET actor = 'U0EVE' WHERE seq = 1")

    assert 1 == verify(plain).broken_at
    plain.close()


def test_a_part_that_failed_leaves_no_note(db: Database) -> None:
    """Its rows are undone, and so is what it said of them."""

    def fail_inside(tx: Session) -> None:
        with savepoint(tx):
            audit.note(tx, "tick", "budget-bot", "inside", {}, NOW)
            raise TimeoutError

    with db.transaction() as tx:
        audit.note(tx, "tick", "budget-bot", "before", {}, NOW)
        with pytest.raises(TimeoutError):
            fail_inside(tx)
        audit.note(tx, "tick", "budget-bot", "after", {}, NOW)

    assert ["before", "after"] == [row.subject for row in audit_reading.entries(db)]

    assert Verdict(2) == verify(db)


def test_eight_writers_leave_no_gap(db: Database) -> None:
    """Also when every fifth transaction is rolled back after it was numbered."""
    kept = []

    def work(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 a choice, not a secret
        for turn in range(15):
            with db.transaction() as tx:
                audit.note(tx, "work", f"U{number}", f"{turn}", {}, NOW)
                if chance.random() < 0.2:
                    audit.write(tx, db.audit_key)
                    tx.rollback()
                else:
                    kept.append((number, turn))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    rows = [(int(row.actor[1:]), int(row.subject)) for row in audit_reading.entries(db)]

    assert sorted(kept) == sorted(rows)
    assert Verdict(len(kept)) == verify(db)
    with db.engine.begin() as connection:
        head = connection.execute(sa.text("SELECT seq FROM audit_head")).scalar()
    assert len(kept) == head
