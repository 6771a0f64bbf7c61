"""What drove a budget's spend: the last week against the one before, and of a spike its own hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.attribution import Charge
from bot.domain.drivers import Driver, DriverKind
from bot.domain.money import micros
from bot.domain.policy import Basis
from store import drivers, ledger
from store.db import Database
from tests.store.test_ledger import ROW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 11, 3, 18, 30, tzinfo=UTC)
THIS_HOUR = NOW - HOUR / 2


def used(db: Database, key: str, starts_at: datetime, usd: str) -> None:
    """So much by a key in an hour."""
    amount = micros(usd)
    row = replace(
        ROW,
        starts_at=starts_at,
        ends_at=starts_at + HOUR,
        api_key_id=key,
        actor=None,
        model=None,
        net=amount,
        list=amount,
    )
    with db.transaction() as tx:
        ledger.add(tx, "test", [Charge("search", row, amount, amount)])


def driver(db: Database, since: datetime | None = None) -> Driver | None:
    """Of search, now."""
    with db.transaction() as tx:
        return drivers.of_budgets(tx, ["search"], NOW, Basis.NET, since)


def test_of_a_spike_it_is_what_its_own_hours_cost(db: Database) -> None:
    """A key that cost much all week is not to blame for this hour."""
    used(db, "nightly", NOW - 2 * DAY, "114")
    used(db, "support", THIS_HOUR, "34")
    used(db, "nightly", THIS_HOUR, "1")
    week, spike = driver(db), driver(db, THIS_HOUR)

    assert week is not None
    assert spike is not None
    assert ("nightly", False) == (week.name, week.sudden)
    assert (DriverKind.API_KEY, "support", micros(34), 0, True) == (
        spike.kind,
        spike.name,
        spike.spent,
        spike.before,
        spike.sudden,
    )


def test_with_less_than_two_weeks_nothing_is_compared(db: Database) -> None:
    """Where the ledger did not reach yet, nothing was spent that is known of."""
    used(db, "support", NOW - 13 * DAY, "1")
    used(db, "support", THIS_HOUR, "34")
    young = driver(db)
    used(db, "support", NOW - 15 * DAY, "1")
    old = driver(db)

    assert young is not None
    assert old is not None
    assert (False, True) == (young.compared, old.compared)
    assert (micros(34), micros(1)) == (old.spent, old.before)
