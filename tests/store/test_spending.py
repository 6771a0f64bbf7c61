"""Spend by memo is spend by the ledger, whatever happened in between."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.domain.attribution import Charge
from bot.domain.budgets import UNATTRIBUTED, Budget, BudgetId
from bot.domain.money import Micros
from bot.domain.periods import Cadence, period_at
from bot.domain.policy import Basis, Policy
from bot.domain.usage import Window
from bot.domain.watch import Watch
from store import ledger, standings, touched, usage_rows, watching
from store.db import Database
from store.families import rolled_up, with_parents
from tests.domain.values import BUDGET, DAY, HOUR, UNLIMITED, policy
from tests.store.test_ledger import ROW

BEGIN = datetime(2026, 10, 30, 20, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
FORGOTTEN = ("charge", "budget_spend", "watch", "touched_budget", "source")


def budget(
    name: str, parent: str | None, cadence: Cadence, zone: ZoneInfo = BUDGET.time_zone
) -> Budget:
    """One with a limit, that counts its own periods."""
    above = None if parent is None else BudgetId(parent)
    return replace(BUDGET, id=BudgetId(name), parent=above, cadence=cadence, time_zone=zone)


COMPANY = budget("company", None, Cadence.QUARTER)
SEARCH = budget("search", "company", Cadence.MONTH)
RANKING = budget("ranking", "search", Cadence.DAY)
GROWTH = budget("growth", "company", Cadence.WEEK, TOKYO)
REST = replace(UNLIMITED, id=UNATTRIBUTED)
POLICIES = (
    policy(COMPANY, SEARCH, RANKING, GROWTH, REST),
    policy(COMPANY, SEARCH, RANKING, GROWTH, REST, basis=Basis.LIST),
    policy(COMPANY, replace(SEARCH, cadence=Cadence.DAY, time_zone=TOKYO), REST),  # two have left
)
NAMES = ("company", "search", "ranking", "growth", "unattributed", "left")
HOURS = st.integers(-40 * 24, 6 * 24)  # from BEGIN: before the month, and ahead of the clock
CHARGES = st.lists(
    st.tuples(HOURS, st.sampled_from(NAMES), st.integers(0, 10**9), st.booleans()), max_size=6
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("polled"), st.sampled_from(["anthropic", "litellm"]), HOURS, CHARGES),
        st.tuples(st.just("pushed"), CHARGES),
        st.tuples(st.just("passes"), st.sampled_from([-3, -1, 1, 5, 23, 24, 80])),
        st.tuples(st.just("policy"), st.integers(0, len(POLICIES) - 1)),
        st.tuples(st.just("refreshed")),
        st.tuples(st.just("looked")),
        st.tuples(st.just("asked"), st.sets(st.sampled_from(NAMES)), st.sampled_from([-30, 0, 2])),
    ),
    max_size=14,
)


def charge(hour: int, name: str, amount: int, estimated: bool) -> Charge:
    """Its list price is twice its net price, and one micro-dollar."""
    at = BEGIN + hour * HOUR
    row = replace(ROW, starts_at=at, ends_at=at + HOUR, estimated=estimated)
    return Charge(name, row, Micros(amount), Micros(2 * amount + 1))


def oracle(db: Database, rules: Policy, now: datetime) -> dict[str, tuple[int, int]]:
    """Spent and estimated of every budget, row by row from the table."""
    amount = "net" if rules.basis is Basis.NET else "list"
    with db.transaction() as tx:
        rows = tx.connection().execute(
            text(f"SELECT budget, starts_at, {amount}, estimated FROM charge")  # noqa: S608
        )
        charges = [(name, _moment(at), int(cost), bool(guess)) for name, at, cost, guess in rows]
    found: dict[str, tuple[int, int]] = {}
    for some in rules.tree:
        period = period_at(now, some.cadence, some.time_zone)
        counted = [
            (cost, guess)
            for name, at, cost, guess in charges
            if period.starts_at <= at <= now and _counts_for(rules, name, some.id)
        ]
        found[some.id] = (sum(c for c, _ in counted), sum(c for c, guess in counted if guess))
    return found


def _counts_for(rules: Policy, charged: str, budget: BudgetId) -> bool:
    known = charged if charged in rules.tree.budgets else UNATTRIBUTED
    return budget in rules.tree.path(BudgetId(known))


def _moment(at: datetime | str) -> datetime:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def by_memo(
    db: Database, rules: Policy, now: datetime, only: Collection[BudgetId] | None = None
) -> dict[str, tuple[int, int]]:
    """What the standings say."""
    with db.transaction() as tx:
        found = standings.gather(tx, rules, now, only)
        return {str(id_): (s.spent, s.estimated) for id_, s in found.items()}


def watched(db: Database) -> dict[str, int]:
    """The spend that decides who is looked at."""
    with db.transaction() as tx:
        rows = tx.connection().execute(text("SELECT budget, spent FROM watch"))
        return {str(row.budget): int(row.spent) for row in rows}


class World:
    """A database, a clock and a policy that change step by step."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.now = BEGIN
        self.rules = POLICIES[0]
        with db.transaction() as tx:
            for table in FORGOTTEN:
                tx.connection().execute(text(f"DELETE FROM {table}"))  # noqa: S608

    def polled(self, source: str, hour: int, charges: list[tuple[int, str, int, bool]]) -> None:
        window = Window(BEGIN + hour * HOUR, BEGIN + 7 * DAY)
        said = [charge(*c) for c in charges if c[0] >= hour]
        with self.db.transaction() as tx:
            ledger.replace(tx, source, window, said)

    def pushed(self, charges: list[tuple[int, str, int, bool]]) -> None:
        with self.db.transaction() as tx:
            ledger.add(tx, "push:gateway", [charge(*c) for c in charges])

    def passes(self, hours: int) -> None:
        self.now += hours * HOUR

    def policy(self, number: int) -> None:
        self.rules = POLICIES[number]
        with self.db.transaction() as tx:
            touched.note(tx, self.rules.tree.budgets, limit_changed=True)

    def refreshed(self) -> None:
        with self.db.transaction() as tx:
            standings.refresh(tx, self.rules, self.now)
        expected = {
            name: spent for name, (spent, _) in oracle(self.db, self.rules, self.now).items()
        }
        found = watched(self.db)
        assert expected == {name: found[name] for name in expected}

    def looked(self) -> None:
        """As after a tick: nothing is due, so that the next one reads only what was touched."""
        self.refreshed()
        with self.db.transaction() as tx:
            ends = {
                b.id: period_at(self.now, b.cadence, b.time_zone).ends_at for b in self.rules.tree
            }
            watching.arm(tx, [(id_, Watch(None, None, end)) for id_, end in ends.items()])

    def asked(self, names: set[str], ahead: int) -> None:
        at = self.now + ahead * HOUR
        only = [BudgetId(n) for n in names if n in self.rules.tree.budgets]
        expected = oracle(self.db, self.rules, at)
        assert {n: expected[n] for n in only} == by_memo(self.db, self.rules, at, only)
        assert expected == by_memo(self.db, self.rules, at)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS)
def test_the_memo_is_the_sum_over_the_ledger(
    db: Database, steps: list[tuple[str, *tuple[object, ...]]]
) -> None:
    """After any polls, pushes, turns of the clock and policies: refreshed or not, of all or of some."""
    world = World(db)
    for what, *how in steps:
        getattr(world, what)(*how)
        assert oracle(db, world.rules, world.now) == by_memo(db, world.rules, world.now)


def test_a_child_counts_in_its_parents_period(db: Database) -> None:
    """What a daily budget spent last week is in its parent's month, and not in its own day."""
    world = World(db)
    world.pushed([(-5 * 24, "ranking", 7, False), (-1, "ranking", 3, True)])
    world.refreshed()

    found = by_memo(db, world.rules, world.now)
    assert ((3, 3), (10, 3), (10, 3)) == (found["ranking"], found["search"], found["company"])


def test_what_has_lost_every_charge_has_spent_nothing(db: Database) -> None:
    """Also before the next tick, while the memo still knows what was there."""
    world = World(db)
    world.polled("anthropic", -48, [(-2, "search", 100, False)])
    world.refreshed()
    world.polled("anthropic", -48, [])

    assert (0, 0) == by_memo(db, world.rules, world.now)["search"]


def test_a_clock_that_is_behind_sees_what_there_was(db: Database) -> None:
    """Another replica's memo is younger than we are: its budgets are summed, not left out."""
    world = World(db)
    world.pushed([(-2, "search", 100, False), (-2, "growth", 50, False)])
    world.refreshed()
    world.now += timedelta(seconds=2)
    world.pushed([(-1, "search", 11, False)])
    world.refreshed()
    found = by_memo(db, world.rules, world.now - timedelta(seconds=1))

    assert ((111, 0), (50, 0)) == (found["search"], found["growth"])


def test_a_charge_that_is_ahead_counts_when_it_begins(db: Database) -> None:
    """A gateway's clock may be fast; the tick after that moment looks at the budget by itself."""
    world = World(db)
    world.pushed([(-1, "search", 5, False), (1, "search", 70, False)])
    world.refreshed()
    before = watched(db)["search"]
    world.now += HOUR
    world.refreshed()

    assert (5, 75) == (before, watched(db)["search"])
    with db.transaction() as tx:
        assert frozenset() == touched.waiting(tx).budgets


def test_only_what_changed_is_summed_again(db: Database) -> None:
    """A memo that nobody touched is not read from the ledger any more: a tick is cheap."""
    world = World(db)
    world.pushed([(-1, "search", 5, False), (-1, "growth", 7, False)])
    world.refreshed()
    with db.transaction() as tx:
        tx.connection().execute(text("UPDATE charge SET net = net + 1000"))
    world.pushed([(-1, "growth", 1, False)])
    with db.transaction() as tx:
        standings.refresh(tx, world.rules, world.now)

    found = by_memo(db, world.rules, world.now)
    assert ((5, 0), (1008, 0)) == (found["search"], found["growth"])


def test_where_nothing_is_due_only_what_was_touched_is_compared(db: Database) -> None:
    """It, what lies above it, and where a budget counts that has left: the others stand."""
    world = World(db)
    world.pushed([(-1, "ranking", 5, False), (-1, "growth", 7, False)])
    world.looked()
    with db.transaction() as tx:
        tx.connection().execute(text("UPDATE watch SET spent = -1"))
    world.pushed([(-1, "ranking", 1, False), (-1, "left", 2, False)])
    with db.transaction() as tx:
        standings.refresh(tx, world.rules, world.now)

    expected = {"ranking": 6, "search": 6, "company": 13, "unattributed": 2, "growth": -1}
    assert expected == watched(db)


@given(
    st.dictionaries(st.sampled_from(NAMES), st.integers(-(10**9), 10**9)),
    st.sampled_from(NAMES),
    st.integers(1, 10**9),
)
def test_a_charge_changes_only_its_budget_and_what_lies_above(
    own: dict[str, int], name: str, amount: int
) -> None:
    """Whatever has been spent, and whether the budget is still in the policy file or has left it."""
    before = rolled_up(POLICIES[2], own)
    after = rolled_up(POLICIES[2], {**own, name: own.get(name, 0) + amount})
    changed = {id_ for id_ in POLICIES[2].tree.budgets if before.get(id_, 0) != after.get(id_, 0)}

    assert with_parents(POLICIES[2], [name]) == changed


@pytest.mark.parametrize("days", [1, 8])
def test_memos_of_periods_that_are_over_are_forgotten(db: Database, days: int) -> None:
    """The ledger keeps them; the memo holds each current period once."""
    world = World(db)
    world.pushed([(-1, "search", 5, False)])
    world.refreshed()
    world.now += days * DAY
    world.refreshed()

    with db.transaction() as tx:
        kept = {
            _moment(at)
            for (at,) in tx.connection().execute(
                text("SELECT DISTINCT starts_at FROM budget_spend")
            )
        }
    current = {period_at(world.now, b.cadence, b.time_zone).starts_at for b in world.rules.tree}
    assert current == kept
    assert 1 == len(usage_rows_of(db))


def usage_rows_of(db: Database) -> list[object]:
    """What the ledger holds."""
    with db.transaction() as tx:
        window = Window(BEGIN - 50 * DAY, BEGIN + 50 * DAY)
        return list(usage_rows.of_window(tx, "push:gateway", window))


def test_a_day_that_began_with_its_month_is_over_all_the_same(db: Database) -> None:
    """On the second of a month nothing is charged, and yet the first day's spend is no longer it."""
    world = World(db)
    world.now = datetime(2026, 11, 1, 20, tzinfo=UTC)
    world.pushed([(40, "ranking", 9, False)])
    world.refreshed()
    period = period_at(world.now, Cadence.DAY, RANKING.time_zone)
    with db.transaction() as tx:
        later = Watch(None, None, world.now + 20 * DAY)
        watching.arm(tx, [(b.id, later) for b in world.rules.tree])
        watching.arm(tx, [(RANKING.id, Watch(None, None, period.ends_at))])
    world.now += DAY
    world.refreshed()

    assert (0, 9) == (watched(db)["ranking"], watched(db)["search"])


def test_a_budget_that_left_the_policy_is_watched_no_more(db: Database) -> None:
    """What it spent is nobody's, and whoever comes back under its name begins anew."""
    world = World(db)
    world.pushed([(-1, "growth", 5, False)])
    world.refreshed()
    world.policy(2)
    world.refreshed()

    assert {"company", "search", "unattributed"} == watched(db).keys()
    assert 5 == watched(db)["unattributed"]
