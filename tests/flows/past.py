"""Three months of spend before the bot came, and what the tests of reading it back share."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.domain.policy import SourcePolicy
from bot.domain.usage import Fetched, UsageRow, Window
from bot.flows.history import Pace, read_step_back
from bot.intake.history import Step
from bot.parts import Bot
from store import sources, usage_rows
from store.sources import SourceState
from tests.faults.bench import POLICY, Bench
from tests.sources import Held

NOW = "2026-11-20 10:30"
FIRST = datetime(2026, 8, 10, 17, 40, tzinfo=UTC)
DAY = timedelta(days=1)
EVER = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
SIX_WEEKS = f"{POLICY}sources:\n  - {{kind: anthropic, history: 45d}}\n"


def spend_daily(acme: Bench) -> dict[datetime, str]:
    """Something on every day from FIRST on, another amount each day; the events by moment."""
    events = {}
    at, number = FIRST, 0
    while at < acme.clock():
        number += 1
        usd = Decimal(number) + Decimal("0.37")
        events[at] = acme.usage.spend(at, usd, workspace="team-search" if number % 3 else "other")
        at += DAY
    return events


def source_of(bot: Bot) -> SourcePolicy:
    """The one source of these tests."""
    return bot.policy.sources[0]


def state_of(bot: Bot) -> SourceState:
    """What is known of it."""
    with bot.db.transaction() as tx:
        return sources.load(tx, source_of(bot).name)


def covered_from(bot: Bot) -> datetime:
    """From when on the ledger is complete."""
    covered = state_of(bot).covered_from
    assert covered is not None
    return covered


def held_rows(bot: Bot, since: datetime = EVER.starts_at) -> Counter[UsageRow]:
    """What the ledger has of the source."""
    with bot.db.transaction() as tx:
        return Counter(usage_rows.of_window(tx, source_of(bot).name, Window(since, EVER.ends_at)))


def told_rows(bot: Bot, since: datetime) -> Counter[UsageRow]:
    """What the source says in one big read."""
    now = bot.clock()
    return Counter(bot.sources[source_of(bot).name].fetch(Window(since, now), now).rows)


def read_all(bot: Bot, pace: Pace | None = None) -> list[Step]:
    """The job, run after run, until it has nothing left to do."""
    pace = pace or Pace()
    steps = []
    while (step := read_step_back(bot, source_of(bot), pace, bot.clock())) is not None:
        steps.append(step)
        assert len(steps) < 200
    return steps


def reports_asked(acme: Bench) -> int:
    """How often the usage API was asked for figures so far; each fetch asks for two reports."""
    return sum("/analytics/" in seen.path for seen in acme.usage.requests)


class WholeDays(Held):
    """A source that answers for whole UTC days, whatever hours it was asked for."""

    def fetch(self, window: Window, now: datetime) -> Fetched:
        starts_at = window.starts_at.replace(hour=0)
        ends_at = (window.ends_at + DAY - timedelta(microseconds=1)).replace(hour=0, minute=0)
        return super().fetch(Window(starts_at, min(ends_at, now)), now)


def held(bot: Bot, pass_on: Callable[[], object]) -> Bot:
    """The bot with every source's answer held."""
    return replace(bot, sources={n: Held(n, s, pass_on) for n, s in bot.sources.items()})
