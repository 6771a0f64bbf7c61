"""
CPU seconds of a tick among many budgets: when 1 % of them changed, and when all did.

Usage comes as the API's pages, from a source that answers from memory: parsing is part of it, the
network is not. The seconds are this process's; PostgreSQL's own work is not in them, SQLite's is.
"""

import argparse
import gc
import json
import multiprocessing
import random
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from slack_sdk import WebClient
from sqlalchemy import func, select

from benchmarks._postgres import start_server
from bot.clients.slack import Slack
from bot.clients.usage.analytics import join_pages
from bot.clients.usage.answers import CostPage, UsagePage
from bot.domain.attribution import Charge
from bot.domain.budgets import (
    UNATTRIBUTED,
    AnswerWithin,
    AtLimit,
    Budget,
    BudgetId,
    BudgetTree,
    OveragePolicy,
    PersonRef,
    Route,
    Thresholds,
)
from bot.domain.money import Micros, micros
from bot.domain.periods import Cadence
from bot.domain.policy import Basis, Channels, DigestTime, Organization, Policy, SourcePolicy
from bot.domain.rules import Match, Rule
from bot.domain.spans import Span, WorkCalendar
from bot.domain.usage import Actor, ApiKey, Directory, Fetched, Tokens, UsageRow, Window, Workspace
from bot.flows.tick import TickReport, tick
from bot.intake.windows import window_to_read
from bot.parts import Bot
from store import directory, ledger, migrate, sources
from store.db import Database
from store.sources import SourceState
from store.tables import AlertRow

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MONTH = datetime(2026, 11, 1, 5, tzinfo=UTC)
PAGE = 1_000
CHILDREN = 49  # and their parent: fifty budgets a branch
MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2")
JUMPS = 100  # one changed budget in so many crosses a threshold


class Answers:
    """A usage source that answers from memory with what the API would send."""

    name = "anthropic"

    def __init__(self, rows: dict[datetime, list[tuple[int, int]]]) -> None:
        self.rows = rows  # by hour: (leaf, micro-dollars)
        self.made: tuple[list[bytes], list[bytes]] = ([], [])

    def earliest(self, now: datetime) -> datetime:
        return now - timedelta(days=365)

    def fetch(self, window: Window, now: datetime) -> Fetched:
        costs, usages = map(_one_by_one, self.made)
        read = join_pages(
            self.name,
            window,
            map(CostPage.model_validate_json, costs),
            map(UsagePage.model_validate_json, usages),
        )
        return Fetched(window, read.rows, now - MINUTE)

    def directory(self) -> Directory:
        return Directory()  # nothing new

    def check(self) -> str:
        return "from memory"

    def close(self) -> None:
        return None


def _one_by_one(pages: list[bytes]) -> Iterator[bytes]:
    """As they come over the network: a page that was read is gone."""
    while pages:
        yield pages.pop(0)


def policy(budgets: int) -> Policy:
    """Branches of fifty; every leaf is a workspace."""
    tree: dict[BudgetId, Budget] = {}
    rules: list[Rule] = []
    for number in range(budgets - 1):
        branch, place = divmod(number, CHILDREN + 1)
        parent = None if place == 0 else BudgetId(f"b{branch * (CHILDREN + 1)}")
        match = Match(workspace=f"team-{number}")
        budget = _budget(BudgetId(f"b{number}"), parent, micros(100 if place else 4_900), match)
        tree[budget.id] = budget
        rules.append(Rule(match, ((budget.id, 10_000),)))
    tree[UNATTRIBUTED] = replace(_budget(UNATTRIBUTED, None, micros(1), Match()), limit=None)
    return Policy(
        version="benchmark",
        organization=Organization(
            "Acme",
            ZONE,
            WorkCalendar(ZONE),
            Channels("#budgets", "#approvals", "#operators"),
            DigestTime(0, time_of_day(9)),
        ),
        basis=Basis.NET,
        sources=(SourcePolicy("anthropic", MINUTE, 48 * HOUR, 6 * HOUR),),
        approvers={},
        tree=BudgetTree(tree),
        splits=(),
        rules=tuple(rules),
        unattributed_owner=PersonRef("ops@example.com"),
    )


def _budget(id_: BudgetId, parent: BudgetId | None, limit: Micros, match: Match) -> Budget:
    return Budget(
        id=id_,
        name=id_,
        owner=PersonRef(f"{id_}@example.com"),
        backup=None,
        parent=parent,
        channel=None,
        limit=limit,
        cadence=Cadence.MONTH,
        time_zone=ZONE,
        lead_time=Span(working_days=3),
        thresholds=Thresholds(),
        answer_within=AnswerWithin(Span(48 * HOUR), Span(8 * HOUR), Span(HOUR)),
        at_limit=AtLimit.THROTTLE,
        overage=OveragePolicy(50, Span(336 * HOUR), Span(24 * HOUR), (Route(None, ("owner",)),)),
        match=(match,),
    )


def history(budgets: int, rows: int) -> Iterator[tuple[datetime, int, int]]:
    """Charges of the month so far (hour, leaf, micro-dollars); every leaf ends at $20 to $45 of $100."""
    random.seed(20261125)
    hours = int((NOW - MONTH) / HOUR)
    leaves = _leaves(budgets)
    for n in range(rows):
        leaf = leaves[n % len(leaves)]
        amount = (20 + leaf % 25) * 1_000_000 * len(leaves) // rows
        yield MONTH + random.randrange(hours) * HOUR, leaf, amount  # noqa: S311 a spread


def _leaves(budgets: int) -> list[int]:
    return [n for n in range(budgets - 1) if n % (CHILDREN + 1)]


def seed(address: str, budgets: int, rows: int) -> None:
    """The ledger as it would be after a month; in a process of its own, for the memory's sake."""
    db = Database(address)
    migrate.upgrade(db.engine)
    names = Directory(
        {f"w{n}": Workspace(f"w{n}", f"team-{n}") for n in range(budgets - 1)},
        {f"apikey_{n}": ApiKey(f"apikey_{n}", f"key-{n}") for n in range(budgets - 1)},
    )
    with db.transaction() as tx:
        directory.save(tx, "anthropic", names)
        numbers: Counter[datetime] = Counter()
        batch: list[Charge] = []
        for at, leaf, amount in history(budgets, rows):
            batch.append(_charge(at, leaf, amount, numbers[at]))
            numbers[at] += 1
            if len(batch) == 20_000:
                ledger.add(tx, "anthropic", batch)
                batch = []
        ledger.add(tx, "anthropic", batch)
        sources.save(
            tx,
            SourceState(
                "anthropic",
                covered_from=MONTH - 24 * HOUR,
                polled_at=NOW - MINUTE,
                ok_at=NOW - MINUTE,
                refreshed_at=NOW - 2 * MINUTE,
                full_read_at=NOW - MINUTE,
                full_read_rows=rows // 12,
                looked_back_at=NOW,
                names_read_at=NOW,
            ),
        )
    db.close()


def _charge(at: datetime, leaf: int, amount: int, number: int) -> Charge:
    key = f"apikey_{leaf}"
    row = UsageRow(
        source="anthropic",
        starts_at=at,
        ends_at=at + HOUR,
        workspace_id=f"w{leaf}",
        api_key_id=key,
        actor=Actor("api_actor", key),
        model=MODELS[number % len(MODELS)],
        product="messages_api",
        net=Micros(amount),
        list=Micros(amount),
        tokens=Tokens(1469, 11, 7, 0, 200),
        requests=3,
    )
    return Charge(f"b{leaf}", row, row.net, row.list)


def pages(
    rows: dict[datetime, list[tuple[int, int]]], window: Window
) -> tuple[list[bytes], list[bytes]]:
    """The cost and usage pages of a window."""
    within = [at for at in sorted(rows) if window.starts_at <= at < window.ends_at]
    asked = [(at, number, *row) for at in within for number, row in enumerate(rows[at])]
    return list(_paged(asked, _cost_row)), list(_paged(asked, _usage_row))


def _cost_row(at: datetime, number: int, leaf: int, amount: int) -> dict[str, Any]:
    cents = f"{amount // 10_000}.{amount % 10_000:04d}"
    cost = {"amount": cents, "list_amount": cents, "currency": "USD", "requests": 3}
    return {**_shared(at, leaf, number), "cost": cost}


def _usage_row(at: datetime, number: int, leaf: int, _amount: int) -> dict[str, Any]:
    return {**_shared(at, leaf, number), "usage": _USAGE}


_USAGE = {
    "uncached_input_tokens": 1469,
    "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 7},
    "cache_read_input_tokens": 11,
    "output_tokens": 200,
    "server_tool_use": {"web_search_requests": 0},
    "total_tokens": 1687,
    "requests": 3,
}


def _shared(at: datetime, leaf: int, number: int) -> dict[str, Any]:
    key = f"apikey_{leaf}"
    return {
        "starting_at": at.isoformat(),
        "ending_at": (at + HOUR).isoformat(),
        "group": {
            "actor": {"type": "api_actor", "api_key_id": key},
            "api_key_id": key,
            "model": MODELS[number % len(MODELS)],
            "product": "messages_api",
            "workspace_id": f"w{leaf}",
            "service_tier": None,
            "inference_geo": None,
        },
    }


def _paged(
    asked: list[tuple[datetime, int, int, int]], row: Callable[..., dict[str, Any]]
) -> Iterator[bytes]:
    for start in range(0, len(asked) or 1, PAGE):
        page = {
            "data": [row(*some) for some in asked[start : start + PAGE]],
            "has_more": start + PAGE < len(asked),
            "next_page": None,
            "data_refreshed_at": NOW.isoformat(),
        }
        yield json.dumps(page).encode()


class Meter:
    """A bot among its budgets, and what one of its ticks costs."""

    def __init__(self, address: str, budgets: int, rows: int) -> None:
        self.db = Database(address)
        self.leaves = _leaves(budgets)
        hot: dict[datetime, list[tuple[int, int]]] = {}
        for at, leaf, amount in history(budgets, rows):
            if at > NOW - 6 * HOUR:
                hot.setdefault(at, []).append((leaf, amount))
        self.source = Answers(hot)
        self.now = NOW
        self.bot = Bot(
            policy=policy(budgets),
            db=self.db,
            slack=Slack(WebClient(token="")),
            sources={"anthropic": self.source},
            targets={},
            clock=lambda: self.now,
        )
        gc.collect()

    def use(self, leaves: list[int]) -> None:
        """Each of these spends a dime now; one in a hundred spends enough to be told."""
        self.now += MINUTE
        hour = dict(self.source.rows.get(self.now.replace(minute=0), []))
        for n, leaf in enumerate(leaves):
            hour[leaf] = hour.get(leaf, 0) + (30_000_000 if n % JUMPS == 0 else 100_000)
        self.source.rows[self.now.replace(minute=0)] = list(hour.items())

    def seconds(self) -> float:
        """CPU of one tick. What the source sends is made before: that is Anthropic's work."""
        with self.db.transaction() as tx:
            state = sources.load(tx, "anthropic")
        planned = window_to_read(self.bot.policy, self.bot.policy.sources[0], state, self.now)
        self.source.made = pages(self.source.rows, planned.window)
        gc.collect()
        started = time.process_time()
        report: TickReport = tick(self.bot, self.now)
        if report.errors:
            raise RuntimeError(report.errors)
        return time.process_time() - started

    def alerts(self) -> int:
        with self.db.engine.begin() as connection:
            return int(connection.execute(select(func.count()).select_from(AlertRow)).scalar_one())


def measure(address: str, budgets: int, rows: int, times: int) -> dict[str, float]:
    """Medians of several ticks of each sort, after a first one that looks at everything."""
    meter = Meter(address, budgets, rows)
    few = max(1, len(meter.leaves) // 100)
    first = meter.seconds()
    spans: dict[str, list[float]] = {"none": [], "few": [], "all": []}
    for n in range(times):
        meter.now += MINUTE
        spans["none"].append(meter.seconds())
        meter.use(meter.leaves[n :: len(meter.leaves) // few])
        spans["few"].append(meter.seconds())
    for _ in range(times):
        meter.use(meter.leaves)
        spans["all"].append(meter.seconds())
    found = {name: round(statistics.median(some), 3) for name, some in spans.items()}
    alerts = meter.alerts()
    meter.db.close()
    return {
        "first": round(first, 3),
        **found,
        "all_to_few": round(found["all"] / found["few"], 1),
        "alerts": alerts,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _in_a_process(work: Any, *arguments: Any) -> Any:
    """Its peak memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, once")
    quick = parser.parse_args().quick
    budgets, rows, times = (2_500, 100_000, 1) if quick else (25_000, 1_000_000, 3)
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        server = start_server()
        addresses = {"sqlite": f"sqlite:///{folder}/ledger.db", "postgres": server.get_uri()}
        for name, address in addresses.items():
            _in_a_process(seed, address, budgets, rows)
            results[name] = _in_a_process(measure, address, budgets, rows, times)
    title = f"CPU seconds of a tick: {budgets:,} budgets, {rows:,} charges"
    table = Table(
        "database", "first", "nothing", "1 %", "all", "all / 1 %", "alerts", "peak MB", title=title
    )
    for name, result in results.items():
        table.add_row(name, *(str(value) for value in result.values()))
    Console().print(table)
    ours = results["sqlite"]  # where the database's work is in the process, and so is counted
    line = {
        "benchmark": "tick",
        "budgets": budgets,
        "rows": rows,
        "changed_1pct_cpu_s": ours["few"],
        "changed_all_cpu_s": ours["all"],
        "max_rss_mb": max(result["peak_mb"] for result in results.values()),
    }
    print(json.dumps({**line, **results}))


if __name__ == "__main__":
    main()
