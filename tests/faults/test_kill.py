"""Killed with -9 at every statement, commit and HTTP edge, from the first tick to the restored limit."""

import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from bot.domain.overages import RequestState
from bot.domain.people import Person
from bot.flows import overages, records
from bot.flows.tick import tick
from bot.parts import Bot
from bot.sandbox.gateway import Held
from bot.sandbox.slack.messages import Message
from store import raises
from store.overages import by_trigger
from tests.faults.bench import POLICY, SEARCH, Bench, deliver_all, key_of
from tests.faults.crashes import killed
from tests.story.town import Town, at

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

AGAIN = timedelta(seconds=50)  # past the lease
TRIGGER = "view:V1"
# A forecast moves with the clock, and PostgreSQL never hands out the number of a lost row again.
PASSING = re.compile(r"\d\d:\d\d|(?<=#)\d+|(?<=request:)\d+")
ONE_IN_POSTGRES = 17
TO_THE_END = 15  # of the crashes on SQLite, one in so many is followed through the later steps


def _deliver(bot: Bot, now: datetime) -> None:
    deliver_all(bot, at=now)


def _ask(bot: Bot, now: datetime) -> None:
    dana = Person("U0DANA", "Dana", "dana@example.com")
    overages.ask(bot, SEARCH, dana, "50", "launch", now.date(), TRIGGER, now)


def _approve(bot: Bot, now: datetime) -> None:
    """Fin clicks; after a crash once more, and is told who decided if the first click counted."""
    with bot.db.transaction() as tx:
        request = by_trigger(tx, TRIGGER)
    assert request is not None
    outcome = overages.decide(bot, request.id, "U0FIN", RequestState.APPROVED, None, now)
    if not isinstance(outcome, overages.Decided):
        assert "was approved already by <@U0FIN>" in outcome.text


def steady(text: str) -> str:
    """Without what may differ from one run to the next."""
    return PASSING.sub("N", text)


@dataclass(frozen=True, slots=True)
class Step:
    """Something the bot does at a moment, and what it leaves at the gateway."""

    name: str
    act: Callable[[Bot, datetime], object]
    moment: datetime
    limit: int | None


STEPS = (
    Step("tick", tick, at("2026-11-02 10:00"), None),
    Step("alert", _deliver, at("2026-11-02 10:00"), 100),
    Step("request", _ask, at("2026-11-02 10:10"), 100),
    Step("cards", _deliver, at("2026-11-02 10:10"), 100),
    Step("decision", _approve, at("2026-11-02 14:00"), 100),
    Step("raise", _deliver, at("2026-11-02 14:00"), 150),
    Step("end", tick, at("2026-11-03 00:00"), 100),
    Step("restored", _deliver, at("2026-11-03 00:00"), 100),
)
STAGES = {"told": STEPS[:2], "asked": STEPS[2:4], "decided": STEPS[4:6], "restored": STEPS[6:]}


@dataclass(frozen=True, slots=True)
class World:
    """All that a step leaves behind, in the database and outside."""

    messages: Mapping[str, str]  # the text that stands under each key now
    posts: Mapping[str, int]
    record: tuple[tuple[str, str], ...]
    decided: tuple[tuple[str, tuple[str, ...]], ...]
    raised: tuple[datetime, ...]
    limit: Decimal | None
    version: int
    open: tuple[str, ...]
    chain: str | None


class Keeper(Protocol):
    """Keeps copies of a database, and puts them back."""

    url: str

    def save(self, name: str) -> None: ...

    def restore(self, name: str) -> None: ...

    def content(self) -> object:
        """All rows, to compare; or nothing that equals anything else."""
        ...


class Files:
    """SQLite: a copy is a copy of the file."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        self._path = folder / "budgets.db"
        self.url = f"sqlite:///{self._path}"
        shutil.copy(template, folder / "empty.copy")

    def save(self, name: str) -> None:
        shutil.copy(self._path, self._folder / f"{name}.copy")

    def restore(self, name: str) -> None:
        for tail in ("-wal", "-shm"):
            Path(f"{self._path}{tail}").unlink(missing_ok=True)
        shutil.copy(self._folder / f"{name}.copy", self._path)

    def content(self) -> object:
        with closing(sqlite3.connect(self._path)) as connection:
            return tuple(connection.iterdump())


class Templates:
    """PostgreSQL: a copy is a database to clone."""

    def __init__(self, address: str, template: str) -> None:
        self._address = address
        self._names = {"empty": template}
        self.url = address.replace("/postgres?", "/killed?")

    def save(self, name: str) -> None:
        self._names[name] = f"killed_{name}"
        self._clone("killed", self._names[name])

    def restore(self, name: str) -> None:
        self._clone(self._names[name], "killed")

    def content(self) -> object:
        return object()

    def drop(self) -> None:
        with psycopg.connect(self._address, autocommit=True) as admin:
            for name in ("killed", *self._names.values()):
                if name.startswith("killed"):
                    admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _clone(self, template: str, name: str) -> None:
        with psycopg.connect(self._address, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")


@pytest.fixture
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keeper]:
    """One kind of database that can be put back."""
    if request.param == "sqlite":
        yield Files(tmp_path, request.getfixturevalue("sqlite_template"))
        return
    kept = Templates(
        request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    )
    yield kept
    kept.drop()


@dataclass(frozen=True, slots=True)
class Outside:
    """What stood in Slack and at the gateway before a step."""

    posts: Mapping[str, list[Message]]
    number: int
    limits: Mapping[str, Held]


class Walk:
    """One chain of steps, walked again and again from the scene before a step."""

    def __init__(self, town: Town, keeper: Keeper, folder: Path) -> None:
        self._keeper = keeper
        self._said = folder / "child.txt"
        keeper.restore("empty")
        self._bench = Bench(town)
        self._survivor = self._bench.bot
        fresh = self._bench.replica()  # never used here, so a child finds no connection open
        fresh.db.close()
        # The database is without connections whenever a child is made; what SQLAlchemy has
        # compiled is not compiled by every child again.
        self._victim = replace(fresh, db=self._survivor.db)
        self._outside: dict[str, Outside] = {}
        self._leave()

    def close(self) -> None:
        self._bench.close(self._victim)

    def prepare(self) -> dict[str, World]:
        """Walk once without a crash: the scene before each step, and what each leaves behind."""
        self._bench.usage.spend(at("2026-11-02 09:30"), "81.50", workspace="team-search")
        worlds = {}
        for step in STEPS:
            self._save(step.name)
            worlds[step.name] = self.finish(step, step.moment)
        said = worlds[STEPS[-1].name].messages
        assert "Limit lifted to $150 ✓" in said["request:N:applied:U0DANA"]
        assert "the limit is back ✓" in said["request:N:restored:U0DANA"]
        assert "the limit is back ✓" in said["request:N:approvals"]
        return worlds

    def crash(self, step: Step, point: int) -> bool:
        """From the scene before the step: whether the process that takes it died at the point."""
        self._restore(step.name)
        self._bench.clock.to(step.moment)
        return killed(self._victim, lambda bot: step.act(bot, step.moment), point, self._said)

    def state(self) -> object:
        """What a crash left: the rows, what stands in Slack, and what the gateway holds."""
        messages = [(m.channel, m.ts, m.text) for m in self._bench.messages()]
        return self._keeper.content(), repr((messages, self._bench.gateway.snapshot()))

    def finish(self, step: Step, now: datetime) -> World:
        """A bot that was just started takes the step; then it leaves, and this is the world."""
        self._bench.clock.to(now)
        step.act(self._survivor, now)
        world = self._look()
        self._leave()
        return world

    def _leave(self) -> None:
        self._survivor.db.close()

    def _look(self) -> World:
        bot = self._survivor
        with bot.db.transaction() as tx:
            raised = tuple(r.ends_at for r in raises.of_budget(tx, SEARCH))
        messages = self._bench.messages()
        holding = self._bench.gateway.holds(SEARCH)
        verdict = records.verify(bot)
        return World(
            messages={steady(key_of(m)): steady(m.text) for m in messages},
            posts=Counter(steady(key_of(message)) for message in messages),
            # After a crash Fin clicks once more; that this was one too many is a row of its own.
            record=tuple(
                (e["kind"], e["subject"])
                for e in records.audit_rows(bot, None, None)
                if e["kind"] != "click.refused"
            ),
            decided=tuple(
                (d["kind"], tuple(d["decided_by"])) for d in records.decisions(bot, None, None)
            ),
            raised=raised,
            limit=holding.limit,
            version=holding.version,
            open=tuple(steady(entry.key) for entry in records.undelivered(bot)),
            chain=verdict.why,
        )

    def _save(self, name: str) -> None:
        self._keeper.save(name)
        with self._bench.slack.workspace.lock:
            channels = self._bench.slack.workspace.channels.values()
            posts = {channel.id: channel.messages() for channel in channels}
            number = self._bench.slack.workspace._sequence
        self._outside[name] = Outside(posts, number, self._bench.gateway.snapshot())

    def _restore(self, name: str) -> None:
        self._keeper.restore(name)
        outside, workspace = self._outside[name], self._bench.slack.workspace
        with workspace.lock:
            for channel in workspace.channels.values():
                channel.posts[:] = outside.posts.get(channel.id, [])
            workspace._sequence = outside.number  # so that the same crash leaves the same state
        self._bench.gateway.restore(outside.limits)


@pytest.fixture
def walk(keeper: Keeper, tmp_path: Path) -> Iterator[Walk]:
    """The walk among doubles that stay up while the bot dies."""
    town = Town(tmp_path, keeper.url, "http", STEPS[0].moment, POLICY)
    with town.slack, town.usage, town.gateway:
        walking = Walk(town, keeper, tmp_path)
        try:
            yield walking
        finally:
            walking.close()


def same(expected: World, actual: World) -> None:
    """As if nothing had happened: at most one message more, and only where none can be found again."""
    more = {key: n - 1 for key, n in actual.posts.items() if n > 1}

    assert expected.messages == actual.messages
    assert set(more) <= {"request:N:approvals"}  # the channel is named, and a name has no history
    assert sum(more.values()) <= 1
    assert expected.record == actual.record
    assert expected.decided == actual.decided
    assert expected.raised == actual.raised
    assert (expected.limit, expected.version) == (actual.limit, actual.version)
    assert expected.open == actual.open
    assert actual.chain is None


@pytest.mark.parametrize("keeper", ["sqlite"], indirect=True)
@pytest.mark.parametrize("stage", STAGES)
def test_a_step_that_is_killed_anywhere_is_finished_by_the_next_start(
    walk: Walk, stage: str
) -> None:
    """Whatever the point of death, the restarted bot leaves the same world behind."""
    worlds = walk.prepare()
    assert [step.limit for step in STEPS] == [world.limit for world in worlds.values()]
    assert all(() == worlds[step.name].open for step in STEPS if step.act is _deliver)
    for step in STAGES[stage]:
        point, seen = 1, set()
        while walk.crash(step, point):
            point += 1
            state = walk.state()
            if state in seen:
                continue  # a start that finds the same does the same
            seen.add(state)
            same(worlds[step.name], walk.finish(step, step.moment + AGAIN))
            if len(seen) % TO_THE_END == 1:
                for later in STEPS[STEPS.index(step) + 1 :]:
                    same(worlds[later.name], walk.finish(later, later.moment + AGAIN))
        assert point > 20, "the fuse lies beside the code"
        assert len(seen) > 1


@pytest.mark.parametrize("keeper", ["postgresql"], indirect=True)
def test_a_killed_step_is_finished_on_postgresql_too(walk: Walk) -> None:
    """A sample of the same walk on the database that several replicas share."""
    worlds = walk.prepare()
    for number, step in enumerate(STEPS):
        point = 1 + number
        while walk.crash(step, point):
            same(worlds[step.name], walk.finish(step, step.moment + AGAIN))
            point += ONE_IN_POSTGRES
