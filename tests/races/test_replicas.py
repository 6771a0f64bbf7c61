"""Two replicas at once: every alert once, every charge once, versions in a row, no deadlock."""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from types import ModuleType

import pytest

from bot.clients.enforcement import Answer, EnforcementTarget, Order
from bot.domain.overages import RequestState
from bot.domain.policy import Basis
from bot.domain.targets import WEBHOOK
from bot.flows import enforcement, overages, records
from bot.flows.tick import tick
from bot.parts import Bot
from store import jobs, ledger, limits, raises, standings
from store.db import Database
from store.outbox import Lane
from tests.faults.bench import SEARCH, Bench, deliver_all
from tests.races.policy import FINANCE
from tests.races.starts import PATIENCE, at_once
from tests.sources import Held

Replicas = tuple[Bot, Bot]
postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass
class Slow:
    """A target whose call is on its way until `let_through` returns."""

    target: EnforcementTarget
    let_through: Callable[[], object]

    kind = WEBHOOK

    def apply(self, order: Order) -> Answer:
        self.let_through()
        return self.target.apply(order)

    def look(self, order: Order) -> Answer | None:
        return self.target.look(order)

    def check(self) -> str:
        return self.target.check()

    def close(self) -> None:
        self.target.close()


def held(bot: Bot, pass_on: Callable[[], object]) -> Bot:
    """The bot with every source's answer held."""
    return replace(bot, sources={n: Held(n, s, pass_on) for n, s in bot.sources.items()})


def spent(acme: Bench) -> int:
    """The sum over the ledger."""
    start = acme.clock() - timedelta(days=60)
    with acme.bot.db.transaction() as tx:
        return sum(ledger.spend(tx, start, acme.clock(), Basis.NET).values())


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as an error: a deadlock in one budget ends there."""
    return [f"{r.message} {r.exc_info}" for r in caplog.records if r.levelno >= logging.ERROR]


def test_two_ticks_at_once_are_one(
    acme: Bench, replicas: Replicas, caplog: pytest.LogCaptureFixture
) -> None:
    """Both have read the same and write it at the same moment: it counts once and is said once."""
    line = threading.Barrier(2)
    both = [held(bot, lambda: line.wait(PATIENCE)) for bot in replicas]
    # The names are read anew in the third round only: writing them makes one wait for the other.
    for number, (usd, minutes) in enumerate((("500", 1), ("300", 1), ("150", 20), ("60", 1))):
        acme.town.spends(usd)
        acme.town.spends(usd, workspace="team-growth")
        acme.later(minutes=minutes)
        at_once([partial(tick, bot, acme.clock()) for bot in both])
        assert 2_000_000 * sum((500, 300, 150, 60)[: number + 1]) == spent(acme)
        acme.deliver()

    fired = Counter(
        r["subject"] for r in records.audit_rows(acme.bot, None, None) if r["kind"] == "alert.fired"
    )
    assert {1} == set(fired.values())
    assert 4 == len([key for key in fired if key.startswith("alert:search")])
    assert 4 == len(acme.town.said_to("dana"))
    for budget in ("company", "search", "growth"):
        versions = [e.version for e in acme.gateway.journal if e.budget == budget]
        assert list(range(1, len(versions) + 1)) == versions
    assert "block" == acme.gateway.holds(SEARCH).mode
    assert [] == complaints(caplog)


def test_a_reading_that_was_overtaken_is_dropped(acme: Bench, replicas: Replicas) -> None:
    """A replica that read first and writes last does not put the older figures back."""
    slow, quick = replicas
    read, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        read.set()
        assert go_on.wait(PATIENCE)

    acme.town.spends("500")
    earlier = acme.clock()
    late = threading.Thread(target=tick, args=(held(slow, wait), earlier))
    late.start()
    assert read.wait(PATIENCE)
    acme.town.spends("300")
    acme.later(seconds=30)
    tick(quick, acme.clock())
    go_on.set()
    late.join(PATIENCE)

    assert not late.is_alive()
    assert 800_000_000 == spent(acme)


def test_a_clock_that_was_set_back_stops_no_reading(acme: Bench) -> None:
    """Nobody else has read since, so an earlier moment is no older reading."""
    spending = acme.usage.spend(acme.clock() - timedelta(hours=2), "500", workspace="team-search")
    acme.tick()
    acme.usage.revise(spending, usd="800")
    acme.later(minutes=-30)
    acme.tick()

    assert 800_000_000 == spent(acme)


@postgresql
@pytest.mark.parametrize(("module", "name"), [(standings, "gather"), (raises, "of_budget")])
def test_a_tick_does_not_take_back_a_raise_made_meanwhile(
    acme: Bench, replicas: Replicas, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    """What it read is from before the decision; the raise is counted all the same."""
    one, other = replicas
    request = acme.ask("100").id
    real, decided = getattr(module, name), threading.Event()

    def read_then_decide(*arguments: object, **named: object) -> object:
        found = real(*arguments, **named)
        of_search = name == "gather" or arguments[1] == SEARCH
        if threading.current_thread() is ticking and of_search and not decided.is_set():
            decided.set()
            click = (other, request, "U0FIN1", RequestState.APPROVED, None, acme.clock())
            deciding = threading.Thread(target=overages.decide, args=click)
            deciding.start()
            deciding.join(PATIENCE)
        return found

    monkeypatch.setattr(module, name, read_then_decide)
    acme.town.spends("1000")  # at its limit by the allocation, below it with the raise
    ticking = threading.Thread(target=tick, args=(one, acme.clock()))
    ticking.start()
    ticking.join(2 * PATIENCE)
    assert decided.is_set()
    acme.deliver()

    held_now = acme.gateway.holds(SEARCH)
    assert (Decimal(1100), "allow") == (held_now.limit, held_now.mode)


@postgresql
@pytest.mark.parametrize("late", [False, True], ids=["in time", "after the lease"])
def test_a_version_that_was_replaced_on_its_way_makes_no_new_one(
    acme: Bench, replicas: Replicas, *, late: bool
) -> None:
    """The target answers that it holds a newer one, which is our own: nothing is overtaken."""
    one, other = replicas
    sending, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        sending.set()
        assert go_on.wait(PATIENCE)

    acme.approve(acme.ask("60", "view:V1").id, "U0FIN1")
    slow = replace(one, targets={WEBHOOK: Slow(one.targets[WEBHOOK], wait)})
    stopped = threading.Thread(
        target=deliver_all, args=(slow, Lane.WEBHOOK), kwargs={"at": acme.clock()}
    )
    stopped.start()
    assert sending.wait(PATIENCE)
    if late:
        acme.later(seconds=60)
    acme.approve(acme.ask("40", "view:V2").id, "U0FIN2")
    deliver_all(other, at=acme.clock())
    assert (Decimal(1100), 3) == acme.gateway.holds(SEARCH)[:2]
    go_on.set()
    stopped.join(PATIENCE)
    acme.deliver()

    assert [1, 3, 2] == [e.version for e in acme.gateway.journal if e.budget == SEARCH]
    assert (Decimal(1100), 3) == acme.gateway.holds(SEARCH)[:2]
    kinds = [row["kind"] for row in records.audit_rows(acme.bot, None, None)]
    assert 0 == kinds.count("limit_state.overtaken")
    assert 0 == enforcement.sweep(acme.bot, acme.clock() + timedelta(hours=1))


@postgresql
def test_everything_at_once_for_a_while(
    acme: Bench, replicas: Replicas, caplog: pytest.LogCaptureFixture
) -> None:
    """Ticks, requests, decisions and both lanes on two replicas: no deadlock, no gap, one winner each."""
    rounds = 4

    def ticks(bot: Bot) -> None:
        for _ in range(rounds):
            acme.town.spends("130")  # past every threshold, and past the limit
            tick(bot, acme.clock())
            overages.expire(bot, acme.clock())
            enforcement.sweep(bot, acme.clock())

    def delivers(bot: Bot, lane: Lane) -> None:
        for _ in range(2 * rounds):
            deliver_all(bot, lane, at=acme.clock())

    def decides(number: int) -> int:
        won = 0
        for turn in range(rounds):
            bot, rival = replicas if number % 2 else reversed(replicas)
            who = ("dana", "tom", "kim")[number]  # one open request for each
            request = acme.ask("1", f"view:{number}:{turn}", who=who).id
            clicks = [
                partial(
                    overages.decide,
                    b,
                    request,
                    f"U0{n.upper()}",
                    RequestState.APPROVED,
                    None,
                    acme.clock(),
                )
                for b, n in ((bot, FINANCE[1]), (rival, FINANCE[2]))
            ]
            won += sum(isinstance(o, overages.Decided) for o in at_once(clicks))
        return won

    calls: list[Callable[[], object]] = [partial(ticks, bot) for bot in replicas]
    calls += [partial(delivers, bot, lane) for bot in replicas for lane in Lane]
    calls += [partial(decides, number) for number in range(3)]
    results = at_once(calls)
    for _ in range(3):
        acme.later(seconds=60)
        acme.turn()

    assert [rounds] * 3 == results[-3:]
    assert [] == complaints(caplog)
    assert [] == acme.open()
    assert 3 * rounds == len(records.decisions(acme.bot, None, None))
    assert 1000 + 3 * rounds == acme.gateway.holds(SEARCH).limit
    assert 2 * rounds * 130_000_000 == spent(acme)
    verdict = records.verify(acme.bot)
    assert verdict.why is None
    assert list(range(1, verdict.rows + 1)) == [
        r["seq"] for r in records.audit_rows(acme.bot, None, None)
    ]
    held_now = acme.gateway.holds(SEARCH).version
    with acme.bot.db.transaction() as tx:
        ours = limits.load(tx, SEARCH)
    assert ours is not None
    assert (ours.version, True) == (held_now, ours.confirmed)


def test_a_slot_has_one_winner(db: Database, database_url: str) -> None:
    """Of eight replicas that want to run a job in a slot, one does; old slots are forgotten."""
    replicas = [db, Database(database_url)]
    start = datetime.fromisoformat("2026-11-02T10:00:00Z")

    def take(database: Database, slot: datetime) -> bool:
        with database.transaction() as tx:
            return jobs.take(tx, "tick", slot)

    for number in range(12):
        slot = start + timedelta(hours=6 * number)
        won = at_once([partial(take, replicas[i % 2], slot) for i in range(8)])
        assert 1 == sum(won)

    assert not take(db, slot)
    assert take(db, slot + timedelta(seconds=60))
    replicas[1].close()
