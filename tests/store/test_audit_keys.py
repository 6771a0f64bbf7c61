"""Keys of the record: set later, replaced, lost, taken by somebody; and heads that were noted."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import ConfigError
from store import audit, audit_reading
from store.audit import Entry
from store.audit_chain import GENESIS, Chain, Noted, Span, Verdict
from store.audit_keys import Content, Keys, name
from store.db import Database

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
OLD, NEW = b"old-key-of-last-year", b"new-key"
BOTH = NEW + b" " + OLD


@contextmanager
def opened(url: str, key: bytes | None) -> Iterator[Database]:
    """As a process with this AUDIT_KEY opens it."""
    database = Database(url, key)
    try:
        yield database
    finally:
        database.close()


def write(url: str, key: bytes | None, *subjects: str) -> None:
    """A process with this AUDIT_KEY notes something."""
    with opened(url, key) as database, database.transaction() as tx:
        for subject in subjects:
            audit.note(tx, "request.asked", "U0DANA", subject, {"amount": 5}, NOW)


def verify(url: str, key: bytes | None, noted: Noted | None = None) -> Verdict:
    """What somebody with these keys finds."""
    with opened(url, key) as database:
        return audit_reading.verify(database, noted)


def rows(url: str) -> list[Entry]:
    """All of the record."""
    with opened(url, None) as database:
        return list(audit_reading.entries(database))


def head(url: str) -> tuple[int, str]:
    """What an auditor would write down."""
    with opened(url, None) as database, database.transaction() as tx:
        return audit_reading.head(tx)


def cut_off(url: str, after: int) -> None:
    """What an administrator of the database can do: the tail goes, and the head fits."""
    last = rows(url)[after - 1]
    with opened(url, None) as database, database.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM audit WHERE seq > :seq"), {"seq": after})
        put = sa.text("UPDATE audit_head SET seq = :seq, hash = :hash")
        connection.execute(put, {"seq": after, "hash": last.hash})


def forge(url: str, key: bytes | None, kind: str = "request.approved") -> None:
    """A row of their own at the end, hashed with a key that they have."""
    seq, end = head(url)
    content = Content(end, seq + 1, NOW, kind, "U0EVE", "search", {"amount": 999})
    row = {
        "seq": content.seq,
        "at": NOW.replace(tzinfo=None),
        "kind": kind,
        "actor": content.actor,
        "subject": content.subject,
        "data": '{"amount": 999}',
        "previous_hash": end,
        "hash": content.hashed(key),
    }
    columns = ", ".join(row)
    values = ", ".join(f":{column}" for column in row)
    with opened(url, None) as database, database.engine.begin() as connection:
        if database.engine.dialect.name == "postgresql":
            row["at"] = NOW
            values = values.replace(":data", "CAST(:data AS json)")
        put = sa.text(f"INSERT INTO audit ({columns}) VALUES ({values})")  # noqa: S608 of the test
        connection.execute(put, row)
        move = sa.text("UPDATE audit_head SET seq = :seq, hash = :hash")
        connection.execute(move, {"seq": content.seq, "hash": row["hash"]})


def test_a_key_set_later_holds_what_comes_after(database_url: str) -> None:
    """A row marks the switch; the rows before it are checked as they were written."""
    write(database_url, None, "a", "b")
    write(database_url, NEW, "c")
    write(database_url, NEW, "d")

    verdict = verify(database_url, NEW)
    assert Verdict(5) == verdict
    assert (Span(1, 2, "plain"), Span(3, 5, name(NEW))) == verdict.spans
    marker = rows(database_url)[2]
    assert ("audit.keyed", {"key": name(NEW), "before": "plain", "rows": 2}) == (
        marker.kind,
        dict(marker.data),
    )


def test_a_key_set_by_an_older_version_is_no_break(database_url: str) -> None:
    """It wrote no row about the switch; from plain to a key nobody else could go."""
    write(database_url, None, "a")
    forge(database_url, NEW, "request.asked")

    assert Verdict(2) == verify(database_url, NEW)


def test_a_key_is_replaced_by_another(database_url: str) -> None:
    """With both at hand the whole record is checked; a row tells who took over from whom."""
    write(database_url, OLD, "a", "b")
    write(database_url, BOTH, "c")
    write(database_url, NEW, "d")

    verdict = verify(database_url, BOTH)
    assert Verdict(5) == verdict
    assert (Span(1, 2, name(OLD)), Span(3, 5, name(NEW))) == verdict.spans
    assert ["audit.rekeyed"] == [r.kind for r in rows(database_url) if r.kind != "request.asked"]
    assert (1, "row 1 was changed, or its key is not in AUDIT_KEY") == (
        verify(database_url, NEW).broken_at,
        verify(database_url, NEW).why,
    )
    assert f"the key is {name(NEW)}" in (verify(database_url, OLD).why or "")


def test_replicas_change_keys_one_after_the_other(database_url: str) -> None:
    """One that still puts the old key first goes on with the new one; one without it is refused."""
    write(database_url, OLD, "a")
    write(database_url, BOTH, "b")
    write(database_url, OLD + b" " + NEW, "c")
    write(database_url, BOTH, "d")
    with pytest.raises(ConfigError, match="AUDIT_KEY"):
        write(database_url, OLD, "e")

    assert Verdict(5) == verify(database_url, BOTH)
    assert 1 == sum(row.kind == "audit.rekeyed" for row in rows(database_url))


def test_a_lost_key_is_told_and_no_dead_end(database_url: str) -> None:
    """With a new one the record goes on; what cannot be checked any more is named."""
    write(database_url, OLD, "a")
    write(database_url, NEW, "b")

    verdict = verify(database_url, NEW)
    assert 1 == verdict.broken_at
    assert {"key": name(NEW), "before": "unknown", "rows": 1} == dict(rows(database_url)[1].data)
    assert Verdict(3) == verify(database_url, BOTH)


def test_a_key_that_was_left_counts_no_more(database_url: str) -> None:
    """Keys are replaced because somebody may have them."""
    write(database_url, OLD, "a")
    write(database_url, BOTH, "b")
    forge(database_url, OLD)

    verdict = verify(database_url, BOTH)
    assert 4 == verdict.broken_at
    assert "which had been left" in (verdict.why or "")


def test_no_key_after_a_key_is_found(database_url: str) -> None:
    """A row that anybody could have written, after one that they could not."""
    write(database_url, NEW, "a")
    forge(database_url, None)

    assert (2, "row 2 was written without the key") == (
        verify(database_url, NEW).broken_at,
        verify(database_url, NEW).why,
    )


def test_another_key_needs_a_row_that_says_so(database_url: str) -> None:
    """Both keys are at hand, and nothing tells of a change."""
    write(database_url, OLD, "a")
    forge(database_url, NEW)

    assert 2 == verify(database_url, BOTH).broken_at


def test_without_the_marker_the_chain_does_not_close(database_url: str) -> None:
    """Whoever removes the row that tells of the key, leaves a gap."""
    write(database_url, None, "a")
    write(database_url, NEW, "b")
    with opened(database_url, None) as database, database.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM audit WHERE kind = 'audit.keyed'"))
        connection.execute(sa.text("UPDATE audit SET seq = 2 WHERE seq = 3"))
        connection.execute(sa.text("UPDATE audit_head SET seq = 2"))

    assert 2 == verify(database_url, NEW).broken_at


@pytest.mark.parametrize("key", [None, NEW], ids=["plain", "keyed"])
def test_a_tail_cut_off_is_found_by_a_head_that_was_noted(
    database_url: str, key: bytes | None
) -> None:
    """The database alone cannot show it: its head was made to fit."""
    write(database_url, key, "a", "b", "c")
    seq, noted = head(database_url)
    cut_off(database_url, 2)

    assert Verdict(2) == verify(database_url, key)
    verdict = verify(database_url, key, Noted(noted, seq))
    assert 3 == verdict.broken_at
    assert "was written down is not in the record" in (verdict.why or "")


def test_a_record_written_anew_is_found_by_a_head_that_was_noted(database_url: str) -> None:
    """Without a key anybody can compute a whole chain."""
    write(database_url, None, "a", "b", "c")
    seq, noted = head(database_url)
    cut_off(database_url, 1)
    write(database_url, None, "x", "y")

    assert Verdict(3) == verify(database_url, None)
    assert 3 == verify(database_url, None, Noted(noted[:16], seq)).broken_at


def test_a_head_that_was_noted_stays_good_while_the_record_grows(database_url: str) -> None:
    """It may be any row's; with its number it has to be that row's."""
    write(database_url, NEW, "a", "b")
    seq, noted = head(database_url)
    write(database_url, NEW, "c")

    assert Verdict(3) == verify(database_url, NEW, Noted(noted))
    assert Verdict(3) == verify(database_url, NEW, Noted(noted[:16], seq))
    assert 1 == verify(database_url, NEW, Noted(noted, 1)).broken_at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("412:9f3c00112233", Noted("9f3c00112233", 412)),
        ("  9F3C00112233… ", Noted("9f3c00112233")),
        (GENESIS, Noted(GENESIS)),
        ("9f3c", None),
        ("x12:9f3c00112233", None),
        ("412:", None),
        ("zzzzzzzzzzzzzzzz", None),
        (GENESIS + "0", None),
    ],
)
def test_a_head_is_read_as_it_was_written_down(text: str, expected: Noted | None) -> None:
    """With or without its row; too short a beginning proves nothing."""
    assert expected == Noted.read(text)


def test_a_key_is_spoken_of_without_giving_it_away() -> None:
    """Its name tells two keys apart, and the row that names it holds no key."""
    assert name(OLD) != name(NEW)
    assert OLD.decode() not in name(OLD)
    assert "plain" == name(None) == name(b"")


KEYS = st.lists(st.sampled_from([b"", b"k1", b"k2", b"k3"]), min_size=1, max_size=8)


@given(KEYS, st.data())
def test_whatever_is_changed_in_a_chain_is_found(by: list[bytes], data: st.DataObject) -> None:
    """Any row's content, hash or place; whatever keys the rows were written with."""
    chain: list[tuple[Content, str]] = []
    end, left, now = GENESIS, set[bytes](), by[0]
    for seq, wanted in enumerate(by, 1):
        key = wanted if wanted and wanted not in left else now
        kind = "audit.rekeyed" if key != now else "request.asked"
        left |= {now} if key != now else set()
        now = key
        at = NOW + timedelta(seconds=seq)
        content = Content(end, seq, at, kind, "U0DANA", "search", {"n": seq})
        end = content.hashed(key or None)
        chain.append((content, end))
    keys = Keys.of(b"k1 k2 k3")
    honest = Chain(keys)
    assert all(honest.take(content, digest) is None for content, digest in chain)
    assert Verdict(len(chain)) == honest.finish(len(chain), end)

    index = data.draw(st.integers(0, len(chain) - 1))
    victim, digest = chain[index]
    forged = Content(
        victim.previous, victim.seq, victim.at, victim.kind, "U0EVE", victim.subject, victim.data
    )
    honest_key = next(k for k in (b"k1", b"k2", b"k3", b"") if victim.hashed(k or None) == digest)
    digests = [digest] if not honest_key else [digest, forged.hashed(None)]
    chain[index] = (forged, data.draw(st.sampled_from(digests)))
    looked = Chain(keys, Noted(end))
    broken = any(looked.take(content, digest) is not None for content, digest in chain)

    assert broken or looked.finish(len(chain), end).broken_at is not None
