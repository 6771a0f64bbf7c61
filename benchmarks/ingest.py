"""Rows per second from the API's pages into the ledger, against bare JSON and one Core insert."""

import argparse
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from benchmarks._postgres import start_server
from bot.clients.usage.answers import CostPage, UsagePage
from bot.clients.usage.collector import collector_paused
from bot.clients.usage.rows import join_rows
from bot.domain.attribution import attribute
from bot.domain.rules import Match, Rule
from bot.domain.usage import Directory, Window, Workspace
from store import ledger, migrate
from store.db import Database
from store.tables import ChargeRow

START = datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAGE = 1_000
WORKSPACES = 50
MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2")
NAMES = Directory({f"wrkspc_{n}": Workspace(f"wrkspc_{n}", f"team-{n}") for n in range(WORKSPACES)})
RULES = [
    Rule(Match(workspace=f"team-{n}"), ((f"budget-{n}", 10_000),)) for n in range(WORKSPACES - 5)
]


def pages(rows: int) -> tuple[list[bytes], list[bytes], Window]:
    """Cost and usage pages as the API sends them: every dimension in every row."""
    costs: list[dict[str, Any]] = []
    usages: list[dict[str, Any]] = []
    per_hour = WORKSPACES * len(MODELS) * 5
    for n in range(rows):
        hour, rest = divmod(n, per_hour)
        group = _group(rest)
        times = {
            "starting_at": (START + hour * HOUR).isoformat(),
            "ending_at": (START + (hour + 1) * HOUR).isoformat(),
            "group": group,
        }
        cost = {
            "amount": f"{n % 997}.{n % 1_000_000:06d}",
            "list_amount": f"{n % 997 + 1}.000000",
            "currency": "USD",
            "requests": n % 50,
        }
        costs.append({**times, "cost": cost})
        usages.append({**times, "usage": _usage(n)})
    window = Window(START, START + (rows // per_hour + 1) * HOUR)
    return _paged(costs), _paged(usages), window


def _group(n: int) -> dict[str, Any]:
    empty = dict.fromkeys(
        (
            "actor_type", "agent_id", "claude_tag_category", "claude_tag_user_id",
            "context_window", "deployment_id", "environment_id", "inference_geo",
            "organization_id", "rbac_group_id", "service_tier", "session_id",
            "slack_channel_id", "speed", "user_profile_id",
        )
    )  # fmt: skip
    key = f"apikey_{n}"
    return {
        **empty,
        "actor": {"type": "api_actor", "api_key_id": key},
        "api_key_id": key,
        "model": MODELS[n % len(MODELS)],
        "product": "messages_api",
        "workspace_id": f"wrkspc_{n % WORKSPACES}",
    }


def _usage(n: int) -> dict[str, Any]:
    return {
        "uncached_input_tokens": 1469 + n,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": n % 7},
        "cache_read_input_tokens": n % 11,
        "output_tokens": 13 + n % 200,
        "server_tool_use": {"web_search_requests": 0},
        "total_tokens": 2 * n,
        "requests": n % 50,
    }


def _paged(rows: list[dict[str, Any]]) -> list[bytes]:
    return [
        json.dumps(
            {
                "data": rows[start : start + PAGE],
                "has_more": start + PAGE < len(rows),
                "next_page": None,
                "data_refreshed_at": START.isoformat(),
            }
        ).encode()
        for start in range(0, len(rows), PAGE)
    ]


def ours(db: Database, costs: list[bytes], usages: list[bytes], window: Window) -> None:
    """Parse, join, attribute, price (net and list are the bill's) and replace the window."""
    cost_rows = [row for page in costs for row in CostPage.model_validate_json(page).data]
    usage_rows = [row for page in usages for row in UsagePage.model_validate_json(page).data]
    rows = join_rows("anthropic", window, cost_rows, usage_rows)
    charges = attribute(rows, RULES, NAMES, otherwise="unattributed")
    with db.transaction() as tx:
        ledger.replace(tx, "anthropic", window, charges)


def bare(db: Database, costs: list[bytes], usages: list[bytes], rows: list[dict[str, Any]]) -> None:
    """`json.loads` of the same bytes, and one Core upsert of the same rows."""
    for page in (*costs, *usages):
        json.loads(page)
    dialects: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    statement = dialects[db.engine.dialect.name](ChargeRow)
    with db.engine.begin() as connection:
        connection.execute(statement.on_conflict_do_nothing(), rows)


def measure(db: Database, rows: int, times: int) -> dict[str, float]:
    """Seconds of both, one after the other, several times; the medians."""
    costs, usages, window = pages(rows)
    ours(db, costs, usages, window)
    with db.engine.begin() as connection:
        columns = [c for c in ChargeRow.__table__.columns if c.name != "id"]  # type: ignore[attr-defined]
        found = connection.execute(ChargeRow.__table__.select().with_only_columns(*columns))  # type: ignore[attr-defined]
        stored = [dict(row._mapping) for row in found]
    spans: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(times):
        _empty(db)
        with collector_paused():  # both, as a tick does
            spans["bare"].append(_seconds(lambda: bare(db, costs, usages, stored)))
        _empty(db)
        with collector_paused():
            spans["ours"].append(_seconds(lambda: ours(db, costs, usages, window)))
    seconds, floor = statistics.median(spans["ours"]), statistics.median(spans["bare"])
    return {"rows_per_s": round(rows / seconds), "ratio_to_bare": round(seconds / floor, 2)}


def _empty(db: Database) -> None:
    with db.engine.begin() as connection:
        connection.execute(delete(ChargeRow))


def _seconds(work: Callable[[], None]) -> float:
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, once")
    quick = parser.parse_args().quick
    rows, times = (10_000, 1) if quick else (100_000, 3)
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        server = start_server()
        addresses = {"sqlite": f"sqlite:///{folder}/ledger.db", "postgres": server.get_uri()}
        for name, address in addresses.items():
            db = Database(address)
            migrate.upgrade(db.engine)
            results[name] = measure(db, rows, times)
            db.close()
    table = Table("database", "rows a second", "times bare", title=f"Ingest of {rows:,} rows")
    for name, result in results.items():
        table.add_row(name, f"{result['rows_per_s']:,}", str(result["ratio_to_bare"]))
    Console().print(table)
    print(json.dumps({"benchmark": "ingest", **results}))


if __name__ == "__main__":
    main()
