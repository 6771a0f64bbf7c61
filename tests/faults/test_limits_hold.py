"""Whatever is asked, decided, ended, revised, lost and restarted: limits are what was decided."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from bot.domain.budgets import BudgetId
from bot.domain.errors import UserError
from bot.domain.money import micros
from bot.domain.overages import RequestState, Terms
from bot.domain.people import Person
from bot.flows import drift, enforcement, overages, records
from bot.flows.overages import Click, Decided
from bot.sandbox.gateway.faults import Kind
from bot.sandbox.gateway.limits import Held
from store import raises, standings
from tests.faults.bench import POLICY, Bench, close, deliver_all, place_of

TWO = (
    POLICY
    + """\
  - id: growth
    name: Growth
    owner: lee@example.com
    limit: 300
    at_limit: throttle
    match: [{api_key: "growth-*"}]
"""
)
BUDGETS = st.sampled_from(["search", "growth"])
ASKERS = st.sampled_from(["dana", "lee", "tom"])
FAULTS: st.SearchStrategy[Kind] = st.sampled_from(
    ["status", "drop", "accept", "accept_unapplied", "stale"]
)


@dataclass
class Raised:
    """What the test believes of an exception."""

    budget: str
    amount: int
    starts_at: datetime
    ends_at: datetime


class Limits(RuleBasedStateMachine):
    """The model knows allocations and approvals; the bot has to come to the same limits."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.allocations = {"search": 100, "growth": 300}
        self.asked: list[int] = []
        self.raised: dict[int, Raised] = {}
        self.backup: Mapping[str, Held] = {}

    @initialize()
    def begin(self) -> None:
        """A Monday, and the first tick."""
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        address = f"sqlite:///{folder}/budgets.db"
        self.acme = self.stack.enter_context(place_of(Bench, folder, address, TWO))
        self.acme.usage.add_api_key("growth-1")
        self.acme.turn()

    def teardown(self) -> None:
        self.stack.close()

    @property
    def now(self) -> datetime:
        return self.acme.clock()

    def wanted(self, budget: str) -> int:
        """Allocation plus live raises, in micro-dollars."""
        live = (r for r in self.raised.values() if r.starts_at <= self.now < r.ends_at)
        extra = sum(r.amount for r in live if r.budget == budget)
        return micros(self.allocations[budget]) + extra

    @rule(
        budget=BUDGETS,
        who=ASKERS,
        amount=st.integers(1, 60),
        days=st.integers(0, 6),
        at_once=st.booleans(),
    )
    def ask(self, budget: str, who: str, amount: int, days: int, at_once: bool) -> None:
        """Somebody asks, and finance may approve at once; the policy refuses some of it."""
        asker = Person(f"U0{who.upper()}", who.title(), f"{who}@example.com")
        last: date = (self.now + timedelta(days=days)).date()
        trigger = f"view:{len(self.asked)}:{self.now}"
        try:
            asked = overages.ask(
                self.acme.bot,
                BudgetId(budget),
                asker,
                str(amount),
                "more",
                last,
                trigger,
                self.now,
            )
        except UserError:
            return
        self.asked.append(asked.request.id)
        if at_once:
            self._approve(asked.request.id, Click())

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), share=st.sampled_from([100, 100, 50]), twice=st.booleans())
    def approve(self, data: st.DataObject, share: int, twice: bool) -> None:
        """Finance approves, all of it or less; pressed twice it counts once."""
        number = data.draw(st.sampled_from(self.asked))
        with self.acme.bot.db.transaction() as tx:
            request = overages.outcomes.load(tx, number)
        terms = Terms(micros(Decimal(request.amount) / 1_000_000 * share / 100), request.ends_at)
        for _ in range(1 + twice):
            self._approve(number, Click(terms=None if share == 100 else terms))

    def _approve(self, number: int, click: Click) -> None:
        bot = self.acme.bot
        outcome = overages.decide(
            bot, number, "U0FIN", RequestState.APPROVED, None, self.now, click
        )
        if isinstance(outcome, Decided):
            decided = outcome.request
            assert number not in self.raised
            assert decided.granted <= decided.amount
            self.raised[number] = Raised(decided.budget, decided.granted, self.now, decided.until)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def deny(self, data: st.DataObject) -> None:
        """Finance denies; what was decided stays decided."""
        number = data.draw(st.sampled_from(self.asked))
        overages.decide(self.acme.bot, number, "U0FIN", RequestState.DENIED, "not now", self.now)

    @precondition(lambda self: self.raised)
    @rule(data=st.data())
    def end_early(self, data: st.DataObject) -> None:
        """An exception is over before its time."""
        number = data.draw(st.sampled_from(sorted(self.raised)))
        with self.acme.bot.db.transaction() as tx:
            ended = raises.end_early(tx, number, "U0DANA", self.now)
        known = self.raised[number]
        assert ended == (known.starts_at < self.now < known.ends_at)
        if ended:
            known.ends_at = self.now

    @rule(minutes=st.sampled_from([1, 7, 90, 26 * 60, 3 * 24 * 60]))
    def wait(self, minutes: int) -> None:
        """Nothing runs meanwhile."""
        self.acme.later(minutes=minutes)

    @rule(budget=BUDGETS, dollars=st.sampled_from(["0.5", "40", "400"]))
    def spend(self, budget: str, dollars: str) -> None:
        """Somebody uses Claude."""
        where = {"workspace": "team-search"} if budget == "search" else {"api_key": "growth-1"}
        self.acme.usage.spend(self.now, dollars, **where)  # type: ignore[arg-type]

    @rule()
    def tick(self) -> None:
        """A tick whose deliveries have to wait."""
        self.acme.tick()

    @rule()
    def deliver(self) -> None:
        """What is due goes out."""
        self.acme.deliver()

    @rule(budget=BUDGETS, limit=st.integers(80, 320))
    def revise(self, budget: str, limit: int) -> None:
        """A new policy file, and the bot that reads it."""
        self.allocations[budget] = limit
        text = TWO.replace("    limit: 100\n", f"    limit: {self.allocations['search']}\n")
        text = text.replace("    limit: 300\n", f"    limit: {self.allocations['growth']}\n")
        self.acme.town.write_policy(text)
        self.restart()
        self.acme.tick()

    @rule()
    def restart(self) -> None:
        """The process ends, and another begins."""
        before, self.acme.bot = self.acme.bot, self.acme.replica()
        close(before)

    @rule(kind=FAULTS, times=st.integers(1, 3))
    def break_the_gateway(self, kind: Kind, times: int) -> None:
        """It fails, loses answers, or takes what it does not hold."""
        self.acme.gateway.faults.add(kind, times)

    @rule()
    def back_up(self) -> None:
        """Somebody copies what the gateway holds."""
        self.backup = self.acme.gateway.snapshot()

    @precondition(lambda self: self.backup)
    @rule()
    def restore(self) -> None:
        """The gateway comes back from that copy."""
        self.acme.gateway.restore(self.backup)

    @invariant()
    def the_effective_limit_is_what_was_decided(self) -> None:
        """Allocation plus live raises, at every moment, whatever has run or not."""
        if not hasattr(self, "acme"):
            return
        bot = self.acme.bot
        with bot.db.transaction() as tx:
            found = standings.gather(tx, bot.policy, self.now)
        for budget in self.allocations:
            assert self.wanted(budget) == found[BudgetId(budget)].limit

    @rule()
    def calm(self) -> None:
        """
        Nothing breaks for a while: the gateway holds the limits, and the record is whole.

        A term that ends meanwhile is over at the gateway after the next tick.
        """
        self.acme.gateway.faults.clear()
        for _ in range(5):
            self.acme.later(hours=2)
            self.acme.tick()
            overages.expire(self.acme.bot, self.now)
            enforcement.sweep(self.acme.bot, self.now)
            drift.look(self.acme.bot, self.now)
            deliver_all(self.acme.bot, at=self.now)
        for budget in self.allocations:
            held = self.acme.gateway.holds(budget).limit
            assert held is not None
            assert self.wanted(budget) == micros(held)
        assert records.verify(self.acme.bot).broken_at is None


Limits.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestLimits = Limits.TestCase
