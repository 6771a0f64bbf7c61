"""Exceptions that overlap, transfers and early ends: what is live adds up, at every moment."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.budgets import BudgetId
from bot.domain.overages import OverageRequest
from bot.domain.people import Electorate, Person
from bot.flows import exceptions
from bot.flows.overages import Decided
from store import limits, standings
from tests.faults.bench import SEARCH
from tests.flows.deciding.place import GROWTH, SPARE, Place, Way

DANA = Person("U0DANA", "Dana", "dana@example.com")
NOBODY = Electorate(())
BUDGETS = (SEARCH, GROWTH, SPARE)
ASKED = st.tuples(
    st.just("ask"), st.sampled_from([None, GROWTH, SPARE]), st.integers(1, 9), st.integers(1, 9)
)
ENDED = st.tuples(st.just("end"), st.integers(0, 9))
PASSED = st.tuples(st.just("wait"), st.sampled_from([1, 60, 26 * 60, 4 * 24 * 60]))


@dataclass
class Live:
    """An exception as the test knows it."""

    request: OverageRequest
    starts_at: datetime
    ends_at: datetime

    def felt_by(self, budget: BudgetId, now: datetime) -> int:
        if not self.starts_at <= now < self.ends_at:
            return 0
        more = self.request.granted if budget == self.request.budget else 0
        return more - (self.request.granted if budget == self.request.donor else 0)


@dataclass
class Model:
    """What was approved, and when it was ended."""

    place: Place
    known: list[Live] = field(default_factory=list)

    def ask(self, donor: BudgetId | None, dollars: int, days: int) -> None:
        request = self.place.asks(Way(("named",), donor=donor), amount=str(dollars), days=days)
        at = self.place.acme.clock()
        outcomes = [self.place.decides(who, request) for who in ("ivan", "gil", "mia")]
        decided = next((o.request for o in outcomes if isinstance(o, Decided)), None)
        if decided is not None:
            self.known.append(Live(decided, at, decided.until))
        else:
            self.place.forgets(request)

    def end(self, which: int) -> None:
        if not self.known:
            return
        one, now = self.known[which % len(self.known)], self.place.acme.clock()
        holds = one.starts_at < now < one.ends_at
        refused = None
        if one.starts_at < now:
            refused = exceptions.end_early(self.place.bot, one.request.id, DANA, NOBODY, now)
            assert holds == (refused is None)
        if holds:
            one.ends_at = now

    def wait(self, minutes: int) -> None:
        self.place.acme.later(minutes=minutes)

    def check(self) -> None:
        """The limits of now; and after a tick what enforcement is to hold, which is the same."""
        bot, now = self.place.bot, self.place.acme.clock()
        with bot.db.transaction() as tx:
            found = standings.gather(tx, bot.policy, now)
        for budget in BUDGETS:
            s = found[budget]
            assert s.allocation is not None
            assert s.allocation.limit + self._extra(budget, now) == s.limit
        moved = [r.extra for s in found.values() for r in s.raises if r.other is not None]
        assert 0 == sum(moved)

    def settle(self) -> None:
        self.place.acme.tick()
        self.check()
        bot, now = self.place.bot, self.place.acme.clock()
        with bot.db.transaction() as tx:
            found = standings.gather(tx, bot.policy, now)
            for budget in BUDGETS:
                held = limits.load(tx, budget)
                assert held is not None
                assert found[budget].limit == held.state.limit

    def _extra(self, budget: BudgetId, now: datetime) -> int:
        return sum(live.felt_by(budget, now) for live in self.known)


@pytest.fixture
def model(place: Place) -> Model:
    """One for all examples: what was approved in one is there in the next."""
    return Model(place)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.one_of(ASKED, ASKED, ENDED, PASSED), min_size=2, max_size=8))
def test_what_is_live_adds_up(model: Model, steps: list[tuple[object, ...]]) -> None:
    """Allocation and live exceptions are the limit; transfers move dollars, and make none."""
    for what, *how in steps:
        getattr(model, str(what))(*how)
        model.check()
    model.wait(1)
    model.settle()
