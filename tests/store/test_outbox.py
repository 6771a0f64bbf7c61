"""The outbox: nothing lost, nothing claimed twice, every stream in order."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from store import outbox
from store.db import Database
from store.outbox import Lane, NewEntry, OutboxEntry

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LEASE = timedelta(minutes=1)
postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def entry(key: str, *, text: str = "", priority: int = 5, lane: Lane = Lane.SLACK) -> NewEntry:
    """An entry; what stands before the dot in its key is its stream, and what it is about."""
    stream = key.partition(".")[0]
    return NewEntry(key, stream, stream, lane, "slack.post", {"text": text}, priority)


def add(db: Database, *keys: str) -> None:
    """Write an entry for each key."""
    with db.transaction() as tx:
        for key in keys:
            outbox.add(tx, entry(key), NOW)


def claim(
    db: Database, now: datetime = NOW, limit: int = 10, lane: Lane = Lane.SLACK
) -> list[OutboxEntry]:
    """Claim in a transaction of its own, as a worker does."""
    with db.transaction() as tx:
        return outbox.claim(tx, lane, now, limit=limit, lease=LEASE)


def keys(entries: list[OutboxEntry]) -> list[str]:
    """What they are called."""
    return [entry.key for entry in entries]


def settle(db: Database, claimed: OutboxEntry) -> bool:
    """Settle in a transaction of its own, as a worker does."""
    with db.transaction() as tx:
        return outbox.settle(tx, claimed, NOW, {"ts": "1.2"})


def state(db: Database, key: str) -> str:
    """What became of an entry."""
    with db.transaction() as tx:
        found = outbox.find(tx, key)
    assert found is not None
    return found.state


def test_the_same_key_is_written_once(db: Database) -> None:
    """A repeated decision adds nothing, and says so."""
    with db.transaction() as tx:
        assert outbox.add(tx, entry("a.1", text="first"), NOW)
        assert not outbox.add(tx, entry("a.1", text="second"), NOW)

    assert [{"text": "first"}] == [found.request for found in claim(db)]


def test_what_is_rolled_back_is_never_sent(db: Database) -> None:
    """An entry lives and dies with the transaction that justifies it."""

    def fail_after_writing() -> None:
        with db.transaction() as tx:
            outbox.add(tx, entry("a.1"), NOW)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail_after_writing()

    assert [] == claim(db)


def test_only_the_head_of_a_stream_can_be_claimed(db: Database) -> None:
    """The second message about a thing waits until the first is settled."""
    add(db, "a.1", "a.2", "b.1")
    first = claim(db)

    assert ["a.1", "b.1"] == keys(first)
    assert [] == claim(db)
    assert settle(db, first[0])
    assert ["a.2"] == keys(claim(db))


def test_a_stream_waits_behind_a_retry_and_goes_past_what_was_given_up(db: Database) -> None:
    """Order is kept while there is hope, and no longer."""
    add(db, "a.1", "a.2")
    (first,) = claim(db)
    with db.transaction() as tx:
        assert outbox.retry(tx, first, NOW + timedelta(hours=1), "not yet")
    assert [] == claim(db, NOW + timedelta(minutes=59))
    (again,) = claim(db, NOW + timedelta(hours=1))
    assert ("a.1", "not yet") == (again.key, again.error)
    with db.transaction() as tx:
        assert outbox.bury(tx, again, NOW, "never")

    assert ["a.2"] == keys(claim(db))
    assert "dead" == state(db, "a.1")


def test_lanes_and_priorities(db: Database) -> None:
    """A lane sees its own entries only, the urgent ones first, then the older ones."""
    with db.transaction() as tx:
        for key, priority in (("a.1", 5), ("b.1", 1), ("c.1", 3), ("d.1", 1)):
            outbox.add(tx, entry(key, priority=priority), NOW)
        outbox.add(tx, entry("e.1", priority=0, lane=Lane.WEBHOOK), NOW)

    assert ["b.1", "d.1", "c.1"] == keys(claim(db, limit=3))
    assert ["e.1"] == keys(claim(db, lane=Lane.WEBHOOK))
    assert ["a.1"] == keys(claim(db))


def test_a_dead_worker_gives_back_and_cannot_settle_late(db: Database) -> None:
    """After the lease another worker has the entry; the first one's result no longer counts."""
    add(db, "a.1")
    (lost,) = claim(db)

    assert [] == claim(db, NOW + LEASE - timedelta(seconds=1))
    (again,) = claim(db, NOW + LEASE)
    assert (1, 2) == (lost.attempts, again.attempts)
    with db.transaction() as tx:
        assert not outbox.retry(tx, lost, NOW, "late")
        assert not outbox.bury(tx, lost, NOW, "late")
    assert not settle(db, lost)
    assert settle(db, again)
    assert not settle(db, again)
    assert [] == claim(db, NOW + 9 * LEASE)


def test_a_newer_value_closes_the_older_ones(db: Database) -> None:
    """What waits and what was given up must not arrive late; what was sent stays sent."""
    add(db, "a.1")
    settle(db, claim(db)[0])
    add(db, "a.2")
    with db.transaction() as tx:
        outbox.bury(tx, outbox.claim(tx, Lane.SLACK, NOW, limit=1, lease=LEASE)[0], NOW, "no")
    add(db, "a.3", "b.1")
    on_its_way = claim(db)[0]
    with db.transaction() as tx:
        outbox.add(tx, entry("a.4"), NOW)
        outbox.supersede(tx, "a", "a.4", NOW)

    assert ["done", "superseded", "superseded", "pending", "pending"] == [
        state(db, key) for key in ("a.1", "a.2", "a.3", "a.4", "b.1")
    ]
    assert not settle(db, on_its_way)
    assert ["a.4"] == keys(claim(db))


def test_an_entry_is_revived_under_its_own_key(db: Database) -> None:
    """It is due at once with its attempts counted anew; one that is open is left alone."""
    add(db, "a.1")
    (first,) = claim(db)
    with db.transaction() as tx:
        outbox.bury(tx, first, NOW, "no")
        assert outbox.revive(tx, "a.1", NOW)
        assert not outbox.revive(tx, "a.1", NOW)
        assert not outbox.revive(tx, "b.1", NOW)
    (again,) = claim(db)

    assert (first.id, "a.1", 1, "no") == (again.id, again.key, again.attempts, again.error)


def test_what_waits_can_be_seen(db: Database) -> None:
    """Operators see what is open and what was given up, by lane and one by one."""
    add(db, "a.1", "b.1", "c.1")
    one, other, _ = claim(db)
    settle(db, one)
    with db.transaction() as tx:
        outbox.bury(tx, other, NOW, "no")

        assert ["b.1", "c.1"] == keys(outbox.undelivered(tx))
        assert {("slack", "dead"): 1, ("slack", "pending"): 1} == outbox.depth(tx)
        assert outbox.due_by(tx, NOW + LEASE)
        assert not outbox.due_by(tx, NOW + LEASE - timedelta(seconds=1))
        assert ["c.1"] == keys(outbox.written_since(tx, other.id))
        assert outbox.newest_id(tx) > other.id
        assert ["a.1"] == keys(outbox.about(tx, "a", "slack.post"))


def test_four_workers_share_the_work(db: Database) -> None:
    """200 entries in 20 streams: each is sent exactly once, every stream in its order."""
    add(db, *(f"s{i % 20}.{i}" for i in range(200)))
    sent: dict[str, list[int]] = defaultdict(list)

    def work(_worker: int) -> None:
        while entries := claim(db, limit=7):
            for claimed in entries:
                sent[claimed.stream].append(claimed.id)
                assert settle(db, claimed)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    work(0)  # a worker stops when the others hold every stream; this one takes what is left

    assert [10] * 20 == [len(ids) for ids in sent.values()]
    assert all(earlier < later for ids in sent.values() for earlier, later in pairwise(ids))


@postgresql
def test_workers_do_not_wait_for_each_other(db: Database) -> None:
    """While one worker's claim is not committed yet, the next one takes what is left."""
    add(db, "a.1", "a.2", "b.1")

    with db.transaction() as one, db.transaction() as other:
        other.connection().exec_driver_sql("SET LOCAL lock_timeout = '1s'")
        first = outbox.claim(one, Lane.SLACK, NOW, limit=1, lease=LEASE)
        second = outbox.claim(other, Lane.SLACK, NOW, limit=2, lease=LEASE)

    assert (["a.1"], ["b.1"]) == (keys(first), keys(second))


@postgresql
def test_the_limit_holds_under_any_plan(db: Database) -> None:
    """A nested loop may not run the candidate query again for every row."""
    add(db, *(f"s{i}.1" for i in range(50)))

    @sa.event.listens_for(db.engine, "begin")
    def forbid_other_plans(connection: sa.Connection) -> None:
        for method in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            connection.exec_driver_sql(f"SET LOCAL enable_{method} = off")

    assert 7 == len(claim(db, limit=7))
