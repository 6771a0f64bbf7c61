"""What the demo's teams run on Claude: which models, how much of it, at which hours."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.domain.usage import Tokens
from bot.sandbox.world.shapes import CHAT, CODE, Shape

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
# Dollars for a million tokens in and out, which is micro-dollars for one.
PRICES = {
    OPUS: (Decimal(4), Decimal(20)),
    SONNET: (Decimal(2), Decimal(10)),
    HAIKU: (Decimal("0.10"), Decimal("0.50")),
}
HOUR = timedelta(hours=1)
# How busy an office is in each hour of a working day.
BUSY = (1, 1, 1, 1, 1, 2, 4, 12, 30, 55, 60, 55, 40, 50, 60, 58, 50, 32, 14, 8, 6, 4, 2, 1)
WEEKEND = 0.15


@dataclass(frozen=True, slots=True)
class Workload:
    """One team's use: batches of requests through one key, so many on a working day."""

    budget: str | None  # None: no rule of the policy claims it
    workspace: str
    api_key: str
    models: tuple[str, ...]  # each as often as it stands here
    shape: Shape
    requests: int  # in a batch
    batches: int  # on a working day


class Batch(NamedTuple):
    """Requests that came together, as one line of the bill."""

    at: datetime
    workload: Workload
    model: str
    tokens: Tokens
    usd: Decimal


WORKLOADS = (
    Workload("search", "team-search", "search-prod", (OPUS, OPUS, SONNET), CHAT, 30, 100),
    Workload("growth", "team-growth", "growth-code", (SONNET, SONNET, OPUS), CODE, 35, 50),
    Workload("support-bot", "support-bot", "support-prod", (HAIKU,), CHAT, 300, 38),
    Workload(None, "Default", "notebook", (SONNET,), CODE, 15, 14),
)


def arrivals(
    starts_at: datetime, ends_at: datetime, zone: ZoneInfo, rng: random.Random
) -> Iterator[Batch]:
    """The batches of a span of time, in their order: more in office hours, few at weekends."""
    while starts_at < ends_at:
        until = min(starts_at + HOUR, ends_at)
        seconds = (until - starts_at).total_seconds()
        share = activity(starts_at, zone) * seconds / HOUR.total_seconds()
        drawn = [
            (starts_at + timedelta(seconds=rng.random() * seconds), workload)
            for workload in WORKLOADS
            for _ in range(_poisson(workload.batches * share, rng))
        ]
        for at, workload in sorted(drawn, key=lambda one: one[0]):
            yield make_batch(workload, at, rng)
        starts_at = until


def activity(at: datetime, zone: ZoneInfo) -> float:
    """The share of a working day's use that falls into this hour."""
    local = at.astimezone(zone)
    share = BUSY[local.hour] / sum(BUSY)
    return share if local.weekday() < 5 else share * WEEKEND


def make_batch(workload: Workload, at: datetime, rng: random.Random) -> Batch:
    model = rng.choice(workload.models)
    drawn = [workload.shape.draw(rng) for _ in range(workload.requests)]
    tokens = Tokens(
        uncached_input=sum(one.uncached_input for one in drawn),
        output=sum(one.output for one in drawn),
    )
    price_in, price_out = PRICES[model]
    micros = tokens.uncached_input * price_in + tokens.output * price_out
    return Batch(at, workload, model, tokens, micros / 1_000_000)


def _poisson(mean: float, rng: random.Random) -> int:
    """Knuth's way: fine for the small numbers here."""
    floor, product, count = math.exp(-mean), rng.random(), 0
    while product > floor:
        product *= rng.random()
        count += 1
    return count
