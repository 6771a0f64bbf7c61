"""A bench for faults: the bot among its doubles, and nothing happens unless a test does it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from bot.app import build
from bot.config.load import load_policy
from bot.config.settings import load_settings
from bot.domain.budgets import BudgetId
from bot.domain.overages import OverageRequest, RequestState
from bot.domain.people import Person
from bot.flows import overages, records
from bot.flows.delivery import Attempt, deliver_next
from bot.flows.tick import TickReport, tick
from bot.parts import Bot
from bot.sandbox.slack.messages import Message
from store.outbox import Lane, OutboxEntry
from tests.story.town import Town
from tests.story.town import at as on_the_clock

SEARCH = BudgetId("search")
MONDAY = "2026-11-02 10:00"
POLICY = """\
organization:
  name: Acme
  timezone: America/New_York
  channels: {digest: "#ai-budgets", approvals: "#ai-approvals", operators: "#ai-budget-ops"}
  digest: {day: mon, at: "09:00"}
approvers:
  finance: {people: [fin@example.com]}
defaults:
  overage:
    max_percent: 50
    max_term: 14d
    routes: [{up_to: 50%, approvers: [finance]}]
unattributed: {owner: ops@example.com}
budgets:
  - id: search
    name: Search ranking
    owner: dana@example.com
    backup: lee@example.com
    limit: 100
    at_limit: block
    match: [{workspace: team-search}]
"""


class Bench:
    """The clock stands still; every turn, click and delivery is a call."""

    def __init__(self, town: Town) -> None:
        self.town = town
        town.clock.run(0)
        self.slack = town.slack
        self.usage = town.usage
        self.gateway = town.gateway
        self.clock = town.clock
        self.bot = self.replica()

    def replica(self) -> Bot:
        """A bot as another process would have it: its own connections, nothing shared but the database."""
        settings = self.town.settings()
        policy = load_policy(settings.budget_bot_config).policy
        bot = build(settings, policy, self.clock)
        hurry(bot.db.engine)
        return bot

    def with_token(self, token: str) -> Bot:
        """A bot that Slack does not know."""
        environ = {**self.town.environ(), "SLACK_BOT_TOKEN": token}
        settings = load_settings(environ, None)
        return build(settings, load_policy(settings.budget_bot_config).policy, self.clock)

    def later(self, **span: float) -> None:
        self.clock.ahead(timedelta(**span))

    def tick(self) -> TickReport:
        return tick(self.bot, self.clock())

    def deliver(self, *lanes: Lane) -> list[Attempt]:
        """Send what is due now, and no more than that: the clock does not move."""
        return deliver_all(self.bot, *lanes, at=self.clock())

    def turn(self) -> list[Attempt]:
        """A tick and all that follows from it now."""
        self.tick()
        return self.deliver()

    def background(self, lane: Lane) -> threading.Thread:
        """A deliverer of its own for a lane, for as long as something is due."""
        thread = threading.Thread(target=self.deliver, args=(lane,), daemon=True)
        thread.start()
        return thread

    def ask(
        self,
        amount: str = "50",
        trigger: str = "view:V1",
        last_day: date | None = None,
        who: str = "dana",
    ) -> OverageRequest:
        """Dana, or somebody else, asks for more, to the end of the month when no day is named."""
        asker = Person(f"U0{who.upper()}", who.title(), f"{who}@example.com")
        return overages.ask(
            self.bot, SEARCH, asker, amount, "launch week", last_day, trigger, self.clock()
        ).request

    def approve(self, request: int = 1, actor: str = "U0FIN") -> overages.Outcome:
        return overages.decide(self.bot, request, actor, RequestState.APPROVED, None, self.clock())

    def open(self) -> list[OutboxEntry]:
        """What waits or was given up."""
        return records.undelivered(self.bot)

    def posted(self, key: str) -> list[Message]:
        """Every message that stands in Slack under an outbox key."""
        return [message for message in self.messages() if key_of(message) == key]

    def messages(self) -> list[Message]:
        with self.slack.workspace.lock:
            channels = list(self.slack.workspace.channels.values())
            return [message for channel in channels for message in channel.messages()]

    def close(self, *bots: Bot) -> None:
        for bot in (self.bot, *bots):
            close(bot)


def key_of(message: Message) -> str:
    """The outbox key a message carries."""
    payload = (message.metadata or {}).get("event_payload") or {}
    return str(payload.get("key", ""))


def deliver_all(bot: Bot, *lanes: Lane, at: datetime) -> list[Attempt]:
    """Until nothing is due; what a delivery writes is delivered too."""
    attempts: list[Attempt] = []
    tried = True
    while tried:
        tried = False
        for lane in lanes or tuple(Lane):
            while attempt := deliver_next(bot, lane, at):
                attempts.append(attempt)
                tried = True
                if len(attempts) > 2000:
                    raise AssertionError(f"it never ends: {attempts[-3:]}")
    return attempts


def close(bot: Bot) -> None:
    """End every connection of a bot."""
    for source in bot.sources.values():
        source.close()
    for target in bot.targets.values():
        target.close()
    if bot.queue is not None:
        bot.queue.close()
    bot.db.close()


def hurry(engine: Engine) -> None:
    """A killed process loses nothing that the system has; only a power cut needs the slow way."""
    slow = {"sqlite": "PRAGMA synchronous", "postgresql": "SET synchronous_commit"}

    @event.listens_for(engine, "connect")
    def no_fsync(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"{slow[engine.dialect.name]} = OFF")
        cursor.close()
        connection.commit()


Place = TypeVar("Place", bound=Bench)


@contextmanager
def place_of(
    kind: type[Place], folder: Path, database_url: str, policy: str, begins: str = MONDAY
) -> Iterator[Place]:
    """A bench of a kind whose doubles run; nothing of the bot runs by itself."""
    town = Town(folder, database_url, "http", on_the_clock(begins), policy)
    with town.slack, town.usage, town.gateway:
        place = kind(town)
        try:
            yield place
        finally:
            place.close()


@contextmanager
def bench(
    folder: Path, database_url: str, policy: str = POLICY, begins: str = MONDAY
) -> Iterator[Bench]:
    """A bench of the usual kind."""
    with place_of(Bench, folder, database_url, policy, begins) as place:
        yield place
