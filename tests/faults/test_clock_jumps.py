"""A machine's clock that jumps, forwards and back: nothing ends early for good, nothing is said twice."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.flows import records
from store import limits
from tests.faults.bench import SEARCH, Bench, bench, key_of
from tests.story.town import at

HOUR = timedelta(hours=1)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Search has spent $90 of $100, was told, and has $50 more until midnight."""
    with bench(tmp_path, database_url) as place:
        place.turn()
        place.usage.spend(place.clock(), "90", workspace="team-search")
        place.later(minutes=5)
        place.turn()
        place.ask("50", last_day=date(2026, 11, 2))
        place.approve()
        place.turn()
        yield place


def turns(acme: Bench, *moments: str) -> None:
    """A tick at each, whatever the order of the moments is."""
    for moment in moments:
        acme.clock.to(at(f"2026-11-{moment}"))
        acme.turn()


def limit(acme: Bench) -> Decimal | None:
    """What the gateway holds."""
    return acme.gateway.holds(SEARCH).limit


def repeated(acme: Bench) -> list[str]:
    """What was posted more than once."""
    keys = Counter(key_of(message) for message in acme.messages())
    return [key for key, count in keys.items() if count > 1]


def test_a_jump_within_the_term_changes_nothing(acme: Bench) -> None:
    """An hour ahead and back again: the raise goes on, and no stage is told a second time."""
    assert Decimal(150) == limit(acme)
    before = len(acme.messages())
    turns(acme, "02 11:10", "02 10:12", "02 09:30", "02 10:20")

    assert Decimal(150) == limit(acme)
    assert before == len(acme.messages())
    assert records.verify(acme.bot).why is None


def test_a_jump_past_the_end_and_back(acme: Bench) -> None:
    """What the moment says holds at every tick, and each of it is said once."""
    turns(acme, "02 23:30", "03 00:10")
    assert Decimal(100) == limit(acme)
    turns(acme, "02 23:40", "03 00:20", "03 01:00")

    assert Decimal(100) == limit(acme)
    assert 1 == len(acme.posted("request:1:restored:U0DANA"))
    assert [] == repeated(acme)
    with acme.bot.db.transaction() as tx:
        held = limits.load(tx, SEARCH)
    assert held is not None
    assert held.version == acme.gateway.holds(SEARCH).version
    assert records.verify(acme.bot).why is None


def test_a_clock_that_was_wrong_for_a_day(acme: Bench) -> None:
    """Set back by a day during the raise: it ends when it was to end, and reminders do not pile up."""
    turns(acme, "01 10:15", "01 18:00", "02 10:20", "02 23:50", "03 00:01")

    assert Decimal(100) == limit(acme)
    assert [] == repeated(acme)
    assert 1 == len(acme.posted("request:1:restored:U0DANA"))
