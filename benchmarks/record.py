"""The record's cost: appending, verifying and exporting many rows, and the memory that it takes."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from store import audit, migrate
from store.db import Database

KEY = b"a-key-of-the-benchmark"
START = datetime(2026, 1, 1, tzinfo=UTC)
A_TRANSACTION = 100
POLICY = """\
organization:
  name: Acme
  timezone: America/New_York
  channels: {digest: "#a", approvals: "#b", operators: "#c"}
  digest: {day: mon, at: "09:00"}
approvers: {finance: {people: [fin@example.com]}}
defaults: {overage: {max_percent: 50, max_term: 14d, routes: [{approvers: [finance]}]}}
unattributed: {owner: ops@example.com}
budgets: [{id: search, owner: dana@example.com, limit: 100}]
"""


def fill(database: Database, rows: int) -> None:
    """Rows as large as those of an approved request."""
    data = {
        "request": 42,
        "requested_by": "U0TOM",
        "amount": 50_000_000,
        "spent": 96_500_000,
        "limit": 100_000_000,
        "as_of": START.isoformat(),
        "policy_version": "11806b8b9458",
        "asked_reason": "launch week, and the week after it",
        "before": {"state": "pending", "limit": 100_000_000},
        "after": {"state": "approved", "limit": 150_000_000},
        "message_link": "https://acme.slack.com/archives/C00000002/p1793631600000004",
    }
    for first in range(0, rows, A_TRANSACTION):
        with database.transaction() as tx:
            for number in range(first, min(first + A_TRANSACTION, rows)):
                now = START + timedelta(seconds=number)
                audit.note(tx, "request.approved", "U0FIN", "search", data, now)


def command(folder: Path, *words: str) -> tuple[float, float]:
    """Seconds and peak MB of a command; raises CalledProcessError with what it said."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, time.perf_counter()
    environment = {
        "BUDGET_BOT_CONFIG": str(folder / "budgets.yaml"),
        "BUDGET_BOT_DATABASE_URL": f"sqlite:///{folder}/budgets.db",
        "AUDIT_KEY": KEY.decode(),
        "PYTHONPATH": str(Path.cwd()),
    }
    with (folder / "out").open("wb") as out:
        subprocess.run(  # noqa: S603 our own command
            [sys.executable, "-m", "bot", *words], env=environment, stdout=out, check=True
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return time.perf_counter() - began, max(before, peak) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    rows: int = parser.parse_args().rows
    table = Table("what", "rows", "seconds", "rows/s", "peak MB of all so far")
    results: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "budgets.yaml").write_text(POLICY)

        def note(what: str, count: int, seconds: float, peak: float | None) -> None:
            shown = "" if peak is None else f"{peak:.0f}"
            table.add_row(what, f"{count:,}", f"{seconds:.1f}", f"{count / seconds:,.0f}", shown)
            results.append({"what": what, "rows": count, "seconds": seconds, "peak_mb": peak})

        database = Database(f"sqlite:///{folder}/budgets.db", KEY)
        migrate.upgrade(database.engine)
        note("audit head, empty", 1, *command(folder, "audit", "head"))
        began = time.perf_counter()
        fill(database, rows)
        database.close()
        note(f"append, {A_TRANSACTION} a transaction", rows, time.perf_counter() - began, None)
        note("audit verify", rows, *command(folder, "audit", "verify"))
        note("export audit, JSON", rows, *command(folder, "export", "audit", "--format", "json"))
        note("export audit, CSV", rows, *command(folder, "export", "audit", "--format", "csv"))
    Console().print(table)
    print(json.dumps({"benchmark": "record", "results": results}))


if __name__ == "__main__":
    main()
