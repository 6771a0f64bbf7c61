"""People's shares: the days that were read say what the source says now, the others stay."""

from collections.abc import Collection
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest

from bot.domain.usage import PersonShare
from store import people_shares
from store.db import Database

SOURCE = "claude_code"
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
ANN, BOB = "ann@example.com", "bob@example.com"
TODAY = date(2026, 11, 23)
DAYS = [TODAY - timedelta(days=n) for n in range(6)]


def share(day: int, person: str = ANN, weight: int = 1, model: str = OPUS) -> PersonShare:
    """What somebody used so many days ago."""
    return PersonShare(DAYS[day], model, person, weight)


def save(db: Database, days: Collection[date], *shares: PersonShare, source: str = SOURCE) -> None:
    """What a source says now about some days."""
    with db.transaction() as tx:
        people_shares.save(tx, source, days, shares)


def between(db: Database, first: int, last: int) -> list[PersonShare]:
    """What is known from one day to another, both so many days ago."""
    with db.transaction() as tx:
        return people_shares.between(tx, DAYS[first], DAYS[last])


def test_what_is_saved_comes_back(db: Database) -> None:
    """In the order of day, model and person; nobody's share and large weights too."""
    shares = [
        share(1, ANN, 2**62),
        share(0, BOB, 3, HAIKU),
        share(0, "", 4),
        share(0, ANN, 5),
        share(0, BOB, 0),
    ]
    save(db, DAYS[:2], *reversed(shares))

    assert shares == between(db, 1, 0)


def test_days_from_first_to_last(db: Database) -> None:
    """Both days count, and none outside."""
    save(db, DAYS, *(share(day, weight=day + 1) for day in range(6)))

    assert [4, 3, 2] == [found.weight for found in between(db, 3, 1)]
    assert [3] == [found.weight for found in between(db, 2, 2)]
    assert [] == between(db, 1, 3)


def test_saving_again_changes_nothing(db: Database) -> None:
    """The same answer twice is there once."""
    for _ in range(2):
        save(db, DAYS[:2], share(0, ANN, 5), share(1, BOB, 6))

    assert [share(1, BOB, 6), share(0, ANN, 5)] == between(db, 5, 0)


def test_the_days_that_were_read_are_replaced(db: Database) -> None:
    """Late figures heal, who is gone is gone, and other days and sources stay as they were."""
    save(db, DAYS[:3], share(0, ANN), share(0, BOB), share(1, ANN), share(2, ANN))
    save(db, DAYS[:3], share(0, BOB, 7, HAIKU), source="other")
    save(db, DAYS[:2], share(0, ANN, 9))

    assert [share(2, ANN), share(0, BOB, 7, HAIKU), share(0, ANN, 9)] == between(db, 5, 0)


def test_a_day_without_anybody_is_empty(db: Database) -> None:
    """A day that was read and has no shares any more has none here either."""
    save(db, DAYS[:2], share(0), share(1))
    save(db, [DAYS[0]])

    assert [share(1)] == between(db, 5, 0)


def test_no_days_change_nothing(db: Database) -> None:
    """A window of the future has no days."""
    save(db, [DAYS[0]], share(0))
    save(db, [])

    assert [share(0)] == between(db, 5, 0)


def test_a_share_of_another_day_is_refused(db: Database) -> None:
    """It would stay for ever, so nothing of the answer is taken."""
    save(db, [DAYS[0]], share(0))
    with pytest.raises(ValueError, match="outside the days"):
        save(db, [DAYS[0]], share(0, BOB), share(1))

    assert [share(0)] == between(db, 5, 0)


def test_pruning(db: Database) -> None:
    """What is older is forgotten, the day itself is not."""
    save(db, DAYS, *(share(day) for day in range(6)))
    with db.transaction() as tx:
        people_shares.prune(tx, DAYS[2])

    assert [share(2), share(1), share(0)] == between(db, 5, 0)


def test_two_replicas_save_at_once(db: Database) -> None:
    """Both have read the same days, in whatever order: neither fails, and everybody is there once."""
    barrier = Barrier(2)
    failed: list[BaseException] = []

    def replica(step: int) -> None:
        for day in range(6):
            shares = [share(day, f"p{number:03d}@example.com", 1) for number in range(500)]
            barrier.wait()
            try:
                save(db, [DAYS[day]], *shares[::step])
            except BaseException as error:  # noqa: BLE001 - told below
                failed.append(error)

    replicas = [Thread(target=replica, args=(step,)) for step in (1, -1)]
    for thread in replicas:
        thread.start()
    for thread in replicas:
        thread.join()

    assert [] == failed
    assert [500] * 6 == [len(between(db, day, day)) for day in range(6)]
