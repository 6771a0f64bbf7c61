"""Sends the teams' requests through the gateway; what it lets pass is billed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.sandbox.gateway import Gateway
from bot.sandbox.usage import UsageApi
from bot.sandbox.world.workloads import WORKLOADS, Batch, Workload, arrivals, make_batch

SEED = 20261102  # the same story in every demo
INSTANT = timedelta(seconds=1)


@dataclass(slots=True)
class Count:
    """Requests of a budget since the demo began."""

    passed: int = 0
    refused: int = 0


class Traffic:
    """One thread drives it; `counts` and `spent` may be read by others."""

    def __init__(self, usage: UsageApi, gateway: Gateway, zone: ZoneInfo) -> None:
        self.counts = {str(load.budget): Count() for load in WORKLOADS if load.budget}
        self._usage = usage
        self._gateway = gateway
        self._zone = zone
        self._rng = random.Random(SEED)  # noqa: S311 - a story, not a secret
        self._workspaces = {
            load.workspace: usage.organization.find_workspace(load.workspace) for load in WORKLOADS
        }
        for load in WORKLOADS:
            usage.add_api_key(load.api_key, self._workspaces[load.workspace])

    def flow(self, starts_at: datetime, ends_at: datetime) -> None:
        """What the teams send by themselves in a span of time that is over."""
        for batch in arrivals(starts_at, ends_at, self._zone, self._rng):
            self._send(batch)

    def burst(self, budget: str, usd: Decimal, now: datetime) -> None:
        """So much at once, on the meter or refused; a moment ago, for the present is not billed."""
        load = next(load for load in WORKLOADS if load.budget == budget)
        sent = Decimal(0)
        while sent < usd:
            batch = make_batch(load, now - INSTANT, self._rng)
            self._send(batch)
            sent += batch.usd

    def spent(self, since: Callable[[str], datetime]) -> dict[str, Decimal]:
        """Dollars by budget in its period, as the usage API has them; the rest is `unattributed`."""
        names = {self._workspaces[load.workspace]: load.budget for load in WORKLOADS}
        sums = dict.fromkeys((name or "unattributed" for name in names.values()), Decimal(0))
        with self._usage.lock:
            events = self._usage.shown()
        starts = {name: since(name) for name in sums}
        for event in events:
            name = names.get(event.dimensions["workspace_id"] or "") or "unattributed"
            if event.at >= starts[name]:
                sums[name] += (event.cents or Decimal(0)) / 100
        return sums

    def _send(self, batch: Batch) -> None:
        load: Workload = batch.workload
        if load.budget is not None:
            count = self.counts[load.budget]
            if not self._gateway.request(load.budget, batch.usd):
                count.refused += load.requests
                return
            count.passed += load.requests
        self._usage.spend(
            batch.at,
            batch.usd,
            workspace=self._workspaces[load.workspace],
            api_key=load.api_key,
            model=batch.model,
            tokens=batch.tokens,
            requests=load.requests,
        )
