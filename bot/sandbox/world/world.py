"""The demo's world: a Slack workspace, a usage API, a gateway, the bot, and a clock that moves."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.app import Running
from bot.clock import Clock
from bot.domain.budgets import UNATTRIBUTED, BudgetId
from bot.domain.periods import period_at
from bot.sandbox.clock import MovableClock
from bot.sandbox.gateway import Entry, Gateway
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.usage import UsageApi
from bot.sandbox.world.bot import read_policy, start_bot, write_policy
from bot.sandbox.world.cast import move_in
from bot.sandbox.world.mover import Mover
from bot.sandbox.world.routes import page_routes
from bot.sandbox.world.state import budgets_of, deliveries_of
from bot.sandbox.world.time import KNOWN_SINCE, OPENS_AT, SPEED, STARTS_AT, ZONE, next_stop
from bot.sandbox.world.traffic import INSTANT, Traffic
from bot.schedule import jobs
from store import outbox

logger = logging.getLogger(__name__)
DELIVERY_SECONDS = 1.5
DELIVERY_POLL = 0.02
LEASED = timedelta(minutes=1)  # what is being sent right now is due again in less


class Watched(Gateway):
    """Tells the page of everything it hears, also while time stands still."""

    def __init__(self, clock: Clock, told: Callable[[], None]) -> None:
        super().__init__(clock=clock)
        self._told = told

    def note(self, entry: Entry) -> None:
        super().note(entry)
        self._told()


class World:
    """The page's server is the Slack workspace's; a version grows with everything that changes."""

    def __init__(self, folder: Path) -> None:
        self.version = 0
        self._changed = threading.Condition()
        self.clock = MovableClock(KNOWN_SINCE, speed=0)
        self.usage = UsageApi(self.clock)
        self.gateway = Watched(self.clock, self.touch)
        self.policy_file = write_policy(folder)
        self.policy = read_policy(self.policy_file)
        self.mover = Mover(self)
        self.slack = SlackSandbox(self.clock, extra_routes=page_routes(self))
        self.parts = move_in(self.slack)
        self.traffic = Traffic(self.usage, self.gateway, ZONE)
        self._folder = folder
        self._stopped = threading.Event()
        self._flowed_to = KNOWN_SINCE
        self._bot: Running | None = None

    def open(self, port: int) -> None:
        """Raises OSError when the port cannot be had."""
        self.slack.start(port)

    def start(self) -> None:
        """When this returns, everything runs, and time does too."""
        self.usage.start()
        self.gateway.start()
        self.flow(OPENS_AT)
        self._bot = start_bot(
            self._folder, self.policy, self.clock, self.slack, self.usage, self.gateway
        )
        self.turn()
        self.flow(STARTS_AT)
        self.turn()
        self.mover.start()

    def stop(self) -> None:
        self._stopped.set()
        self.touch()
        self.mover.stop()
        if self._bot is not None:
            self._bot.stop()
        self.slack.stop()
        self.usage.stop()
        self.gateway.stop()

    def flow(self, until: datetime) -> None:
        """The teams' traffic up to a moment, which is the present afterwards."""
        while self._flowed_to < until:
            stop = next_stop(self._flowed_to, until)
            ahead = stop > self.clock()
            if ahead:  # not at midnight itself, or the gateway would count it for the day after
                self.clock.to(stop - INSTANT)
            self.traffic.flow(self._flowed_to, stop)
            if ahead:
                self.clock.to(stop)
            self._flowed_to = stop
        self.touch()

    def burst(self, budget: str, usd: Decimal) -> None:
        self.traffic.burst(budget, usd, self.clock())
        self.touch()

    def turn(self) -> None:
        """The bot does what is due, and what it says is delivered before time goes on."""
        if self._bot is None:
            return
        bot = self._bot.bot
        for job in jobs(bot.policy):
            try:
                job.flow(bot, self.clock())
            except Exception:
                logger.exception("job failed", extra={"action": "job_failed", "job": job.name})
        self._await_delivery(self._bot)
        self.touch()

    def _await_delivery(self, running: Running) -> None:
        until = time.monotonic() + DELIVERY_SECONDS
        while time.monotonic() < until and not self._stopped.wait(DELIVERY_POLL):
            with running.bot.db.transaction() as tx:
                if not outbox.due_by(tx, self.clock() + LEASED):
                    return

    def touch(self) -> None:
        with self._changed:
            self.version += 1
            self._changed.notify_all()

    def wait(self, seen: int, timeout: float) -> None:
        """Until the version is another one, the time is over, or the world ends."""
        with self._changed:
            self._changed.wait_for(lambda: self.version != seen or self._stopped.is_set(), timeout)

    @property
    def budgets(self) -> frozenset[str]:
        """Those that something is spent on by itself."""
        return frozenset(self.traffic.counts)

    def state(self) -> dict[str, Any]:
        moving_to = self.mover.moving_to
        spent = self.traffic.spent(self._period_start)
        return {
            "version": self.version,
            "now": self.clock().isoformat(),
            "zone": str(ZONE),
            "runs": self.mover.runs,
            "speed": SPEED,
            "moving_to": moving_to.isoformat() if moving_to else None,
            "command": self.policy.command,
            "parts": self.parts,
            "budgets": budgets_of(self.policy, spent, self.gateway.state(), self.traffic.counts),
            "deliveries": deliveries_of(self.gateway.journal),
        }

    def _period_start(self, budget: str) -> datetime:
        found = self.policy.tree.budgets.get(BudgetId(budget))
        found = found or self.policy.tree.budgets[UNATTRIBUTED]
        return period_at(self.clock(), found.cadence, found.time_zone).starts_at.astimezone(UTC)
