"""A town for stories: the real bot among a Slack, a usage API and a gateway that are the sandbox's."""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.app import Running, start
from bot.config.load import load_policy
from bot.config.settings import Settings, load_settings
from bot.flows import records
from bot.flows.tick import TickReport
from bot.sandbox.clock import MovableClock
from bot.sandbox.gateway import Gateway
from bot.sandbox.slack import Message, Person, SlackSandbox
from bot.sandbox.usage import UsageApi
from bot.schedule import run_all
from tests.audit_page import misfits

ZONE = ZoneInfo("America/New_York")
POLICY = """\
organization:
  name: Acme
  timezone: America/New_York
  channels: {digest: "#ai-budgets", approvals: "#ai-approvals", operators: "#ai-budget-ops"}
  digest: {day: mon, at: "09:00"}
approvers:
  finance: {people: [fin@example.com]}
  leads: {usergroup: S0LEADS}
defaults:
  overage:
    max_percent: 50
    max_term: 14d
    routes:
      - {up_to: 10%, approvers: [owner]}
      - {up_to: 50%, approvers: [finance]}
unattributed: {owner: ops@example.com}
budgets:
  - id: platform
    name: Platform
    owner: pat@example.com
    limit: 1000
  - id: search
    name: Search ranking
    parent: platform
    owner: dana@example.com
    backup: lee@example.com
    limit: 100
    at_limit: block
    match: [{workspace: team-search}]
  - id: growth
    name: Growth
    parent: platform
    owner: lee@example.com
    limit: 300
    match: [{api_key: "growth-*"}]
"""


def at(text: str) -> datetime:
    """`2026-11-02 09:00`, on New York's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


class Town:
    """Everything a story needs, with the people of Acme in it."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        mode: str,
        begins: datetime,
        policy: str = POLICY,
        **exported: str,
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self.mode = mode
        self.exported = exported
        self.clock = MovableClock(begins)
        self.slack = SlackSandbox(clock=self.clock)
        self.usage = UsageApi(self.clock)
        self.gateway = Gateway(clock=self.clock)
        self.running: Running | None = None
        self.write_policy(policy)
        self._people()
        self.port = _free_port()

    def write_policy(self, text: str) -> None:
        (self.folder / "budgets.yaml").write_text(text)

    def _people(self) -> None:
        names = ("dana", "lee", "fin", "pat", "ops", "tom", "kim")
        people = [
            self.slack.add_person(f"{name}@example.com", name=name.title(), id=f"U0{name.upper()}")
            for name in names
        ]
        self.slack.add_person("guest@example.com", name="Guest", id="U0GUEST", kind="guest")
        for channel in ("#ai-budgets", "#ai-approvals", "#ai-budget-ops"):
            self.slack.add_channel(channel, members=people)
        self.slack.add_usergroup("S0LEADS", name="leads", members=[self.person("pat")])
        self.usage.add_workspace("team-search")

    def person(self, name: str) -> Person:
        return self.slack.person(f"{name}@example.com")

    def environ(self) -> dict[str, str]:
        """What an operator would export."""
        environ = {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_API_URL": self.slack.api_url,
            "ANTHROPIC_ADMIN_KEY": self.usage.admin_key,
            "ANTHROPIC_BASE_URL": self.usage.url,
            "BUDGET_BOT_CONFIG": str(self.folder / "budgets.yaml"),
            "BUDGET_BOT_DATABASE_URL": self.database_url,
            "BUDGET_BOT_HTTP": f"127.0.0.1:{self.port}",
            "ENFORCEMENT_WEBHOOK_URL": self.gateway.url,
            "ENFORCEMENT_WEBHOOK_SECRET": self.gateway.secret,
            "AUDIT_KEY": "a-key-of-the-tests",
        }
        if self.mode == "socket":
            environ["SLACK_APP_TOKEN"] = self.slack.app_token
        else:
            environ["SLACK_SIGNING_SECRET"] = self.slack.signing_secret
        return {**environ, **self.exported}

    def settings(self) -> Settings:
        return load_settings(self.environ(), None)

    def start_bot(self) -> None:
        settings = self.settings()
        policy = load_policy(settings.budget_bot_config).policy
        self.running = start(settings, policy, self.clock, scheduled=False)
        if self.mode == "socket":
            self.slack.deliver_to(None)
            self.slack.wait_for_socket(10)
        else:
            self.slack.deliver_to(f"http://127.0.0.1:{self.port}/slack/events")

    def stop_bot(self) -> None:
        running, self.running = self.running, None
        if running is None:
            return
        if self.mode == "socket":
            self.slack.socket.close()
        running.stop()

    def restart_bot(self) -> None:
        self.stop_bot()
        self.start_bot()

    @property
    def bot(self) -> Running:
        if self.running is None:
            raise RuntimeError("the bot is not running")
        return self.running

    # What happens in a story.

    def goes_to(self, moment: datetime | str) -> TickReport:
        """The clock moves, every job has its turn, and what is to be sent is sent."""
        self.clock.to(at(moment) if isinstance(moment, str) else moment)
        return self.turn()

    def turn(self) -> TickReport:
        report = run_all(self.bot.bot, self.clock())
        self.settles()
        return report

    def spends(self, usd: str, workspace: str = "team-search", **more: str) -> None:
        """Somebody uses Claude, now."""
        self.usage.spend(self.clock(), usd, workspace=workspace, **more)  # type: ignore[arg-type]

    def settles(self, timeout: float = 15) -> None:
        """Wait until the outbox is empty."""
        ends = time.monotonic() + timeout
        pause = threading.Event()
        while waiting := [e for e in records.undelivered(self.bot.bot) if e.state == "pending"]:
            if time.monotonic() > ends:
                stuck = [(e.key, e.attempts, e.error) for e in waiting]
                raise TimeoutError(f"not delivered: {stuck}")
            self.bot.bot.wake()
            pause.wait(0.02)

    def limit_at_gateway(self, budget: str = "search") -> Decimal | None:
        return self.gateway.holds(budget).limit

    def record(self) -> list[dict[str, Any]]:
        """Every row, in its order."""
        return list(records.audit_rows(self.bot.bot, None, None))

    def record_fits_its_page(self) -> None:
        """Whatever a story was about: each row has what docs/audit.md promises, and no more."""
        if self.running is not None:
            assert [] == misfits(self.record())

    def last_dm(self, name: str) -> Message:
        return self.person(name).dms()[-1]

    def said_to(self, name: str) -> list[str]:
        return [message.text for message in self.person(name).dms()]

    def said_in(self, channel: str) -> list[str]:
        return [message.text for message in self.slack.channel(channel).messages()]


@contextmanager
def town(
    folder: Path,
    database_url: str,
    mode: str,
    begins: datetime,
    policy: str = POLICY,
    **exported: str,
) -> Iterator[Town]:
    """A town whose bot runs; it is torn down at the end whatever happens."""
    place = Town(folder, database_url, mode, begins, policy, **exported)
    with place.slack, place.usage, place.gateway:
        place.start_bot()
        try:
            yield place
            place.record_fits_its_page()
        finally:
            place.stop_bot()


def _free_port() -> int:
    """Below those that the system hands out by itself, or a connection may have it by the time."""
    while True:
        port = random.randrange(15_000, 32_000)  # noqa: S311 a port, not a secret
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
