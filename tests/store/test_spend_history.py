"""Spend by local day and hour is what the charges say one by one, whatever the clocks do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.domain.attribution import Charge
from bot.domain.money import Micros
from bot.domain.policy import Basis
from bot.domain.usage import Window
from store import compaction, ledger, spend_history
from store.db import Database
from tests.domain.values import DAY, HOUR, NEW_YORK
from tests.store.statements import statements
from tests.store.test_ledger import ROW

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "America/New_York",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Australia/Lord_Howe",  # half an hour of summer time
        "America/Havana",  # clocks change at midnight
        "Africa/Casablanca",  # four changes a year
    )
]
CHANGES = [  # in Berlin, New York, Lord Howe, Havana and Casablanca
    date(2026, month, day)
    for month, day in ((2, 15), (3, 8), (3, 22), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1))
]
NAMES = ("search", "growth", "other")
LENGTHS = (timedelta(0), timedelta(minutes=1), HOUR, HOUR + timedelta(seconds=1), DAY)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Spent:
    """A charge, as far as the sums can see it."""

    budget: str
    at: datetime
    length: timedelta
    net: int


def put(db: Database, charges: Sequence[Spent]) -> None:
    """These charges, and the list price of each is twice its net price and one micro-dollar."""
    rows = [
        Charge(
            c.budget,
            replace(ROW, starts_at=c.at, ends_at=c.at + c.length),
            Micros(c.net),
            Micros(2 * c.net + 1),
        )
        for c in charges
    ]
    with db.transaction() as tx:
        ledger.add(tx, "pushed", rows)


def amount(charge: Spent, basis: Basis) -> int:
    """What counts of it on that basis."""
    return charge.net if basis is Basis.NET else 2 * charge.net + 1


@st.composite
def moments(draw: st.DrawFn, around: date, zone: ZoneInfo) -> datetime:
    """A moment within some days; half of them at a local midnight or a second beside it."""
    day = around + timedelta(draw(st.integers(-3, 3)))
    if draw(st.booleans()):
        clock = datetime(day.year, day.month, day.day, tzinfo=zone)
        beside = st.sampled_from([timedelta(0), -SECOND, -timedelta(microseconds=1), SECOND])
        return clock.astimezone(UTC) + draw(beside)
    seconds = draw(st.integers(0, 2 * 86_400))
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[ZoneInfo, date, datetime, list[Spent]]:
    """A zone, a first day, a moment at which it is asked, and charges around a change of clocks."""
    zone, around = draw(st.sampled_from(ZONES)), draw(st.sampled_from(CHANGES))
    at = moments(around, zone)
    charges = st.builds(
        Spent, st.sampled_from(NAMES), at, st.sampled_from(LENGTHS), st.integers(-5, 10**12)
    )
    first = around + timedelta(draw(st.integers(-40, 2)))
    return zone, first, draw(at), draw(st.lists(charges, max_size=12))


@given(world=worlds(), basis=st.sampled_from(Basis))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_by_the_charges(
    db: Database, world: tuple[ZoneInfo, date, datetime, list[Spent]], basis: Basis
) -> None:
    """Days, hours and today are the sums of the charges that begin in them, to the micro-dollar."""
    zone, first, until, charges = world
    with db.transaction() as tx:
        tx.connection().execute(text("DELETE FROM charge"))
    put(db, charges)
    asked = ("search", "growth", "nobody")
    last = until.astimezone(zone).date()
    count = max(0, (last - first).days)
    days = {name: [0] * count for name in asked}
    hours = {name: [0] * 24 for name in asked}
    now = dict.fromkeys(asked, 0)
    for charge in charges:
        local = charge.at.astimezone(zone)
        if charge.budget not in asked:
            continue
        if first <= local.date() < last:
            days[charge.budget][(local.date() - first).days] += amount(charge, basis)
            if charge.length <= HOUR:
                hours[charge.budget][local.hour] += amount(charge, basis)
        if local.date() == last and charge.at < until:
            now[charge.budget] += amount(charge, basis)

    with db.transaction() as tx:
        assert days == spend_history.daily(tx, asked, first, until, zone, basis)
        assert hours == spend_history.by_hour(tx, asked, first, until, zone, basis)
        assert now == spend_history.today(tx, asked, until, zone, basis)


@pytest.mark.parametrize(
    ("clocks", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)], ids=["on", "back"]
)
def test_clocks_change(db: Database, clocks: date, hours: int) -> None:
    """The day the clocks go on has 23 hours of spend and the one they go back 25."""
    begin = datetime(clocks.year, clocks.month, clocks.day, tzinfo=BERLIN).astimezone(UTC)
    put(db, [Spent("search", begin + n * HOUR, HOUR, 1) for n in range(-24, 60)])
    until = begin + 60 * HOUR

    with db.transaction() as tx:
        first = clocks - DAY
        found = spend_history.daily(tx, ["search"], first, until, BERLIN, Basis.NET)
        assert {"search": [24, hours, 24]} == found


def test_last_microsecond(db: Database) -> None:
    """A charge in the last microsecond of a day belongs to that day and not to the next."""
    end = datetime(2026, 11, 10, tzinfo=UTC)
    put(db, [Spent("search", end - timedelta(microseconds=1), timedelta(0), 7)])

    with db.transaction() as tx:
        asked = (["search"], date(2026, 11, 9), end + DAY, ZoneInfo("UTC"), Basis.NET)
        assert {"search": [7, 0]} == spend_history.daily(tx, *asked)
        assert {"search": [0] * 23 + [7]} == spend_history.by_hour(tx, *asked)


def test_compacted(db: Database) -> None:
    """A day that was compacted is still the same day, and none of its hours is known any more."""
    begin = datetime(2026, 11, 2, 5, tzinfo=UTC)  # midnight in New York
    charges = [
        Charge(
            "search",
            replace(ROW, starts_at=begin + n * HOUR, ends_at=begin + (n + 1) * HOUR),
            Micros(n),
            Micros(n),
        )
        for n in range(48)
    ]
    asked = (["search"], date(2026, 11, 2), begin + 50 * HOUR, NEW_YORK, Basis.NET)
    with db.transaction() as tx:
        ledger.add(tx, "anthropic", charges)
        before = spend_history.daily(tx, *asked)
    with db.transaction() as tx:
        saved = compaction.compact(tx, "anthropic", Window(begin, begin + DAY), keep=())
        after = spend_history.daily(tx, *asked)
        hours = spend_history.by_hour(tx, *asked)

    assert saved == 23
    assert {"search": [sum(range(24)), sum(range(24, 48))]} == before == after
    assert {"search": list(range(24, 48))} == hours


def test_one_row_a_day(db: Database) -> None:
    """However many charges there are, the database adds them up: one statement between changes."""
    begin = datetime(2026, 11, 2, tzinfo=UTC)
    put(db, [Spent("search", begin + n * timedelta(minutes=1), HOUR, 1) for n in range(500)])
    with db.transaction() as tx, statements(db) as seen:
        spend_history.daily(
            tx, ["search"], date(2026, 11, 2), begin + 3 * DAY, ZoneInfo("UTC"), Basis.NET
        )

    asked = [one for one in seen if "FROM charge" in one]
    assert len(asked) == 1
    assert "GROUP BY charge.budget, local" in " ".join(asked[0].split())


def test_many_budgets(db: Database) -> None:
    """More budgets than one statement takes are all answered."""
    begin = datetime(2026, 11, 2, tzinfo=UTC)
    names = [f"team-{n}" for n in range(1_201)]
    put(db, [Spent(name, begin, HOUR, n) for n, name in enumerate(names)])

    with db.transaction() as tx:
        asked = (date(2026, 11, 2), begin + DAY, ZoneInfo("UTC"), Basis.NET)
        found = spend_history.daily(tx, names, *asked)
    assert {name: [n] for n, name in enumerate(names)} == found
