"""An auditor's question, answered by the export of the record alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import run
from tests.story.town import Town, at, town


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Search may spend $100; the gateway blocks at the limit."""
    with town(tmp_path, database_url, "http", at("2026-11-02 09:00")) as place:
        place.turn()
        yield place


def exported(acme: Town, *words: str) -> list[dict[str, Any]]:
    """What the auditor is given, as an operator makes it."""
    done = run(acme.folder, acme.environ(), "export", *words, "--format", "json")
    assert 0 == done.returncode, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_who_let_search_exceed_its_budget_in_november(acme: Town) -> None:
    """Who, why, on what figures and by which policy, when the target confirmed, and when it was over."""
    acme.spends("96.50")
    acme.goes_to("2026-11-02 10:00")
    acme.person("dana").types("/budget request search 40 launch week")
    acme.settles()
    acme.goes_to("2026-11-02 11:00")
    fin = acme.person("fin")
    fin.presses("request:approve", acme.last_dm("fin"))
    acme.slack.wait_until(lambda: "Limit lifted" in acme.last_dm("fin").text)
    acme.settles()
    acme.spends("20")
    acme.goes_to("2026-11-03 10:00")
    acme.goes_to("2026-12-01 00:10")
    policy = acme.bot.bot.policy.version
    acme.stop_bot()

    rows = exported(acme, "audit", "--from", "2026-11-01", "--to", "2026-11-30")
    of_search = [row for row in rows if row["subject"] == "search"]
    (approved,) = [row for row in of_search if row["kind"] == "request.approved"]
    (lifted,) = [row for row in of_search if row["kind"] == "exception.applied"]
    raised = [row for row in of_search if row["kind"] == "limit_state.changed"]

    said = approved["data"]
    assert ("U0FIN", "launch week", policy) == (
        approved["actor"],
        said["asked_reason"],
        said["policy_version"],
    )
    assert (96_500_000, 100_000_000) == (said["spent"], said["limit"])
    assert at("2026-11-02 11:00").isoformat()[:10] == said["as_of"][:10]
    assert (100_000_000, 140_000_000) == (said["before"]["limit"], said["after"]["limit"])
    assert said["message_link"].startswith("https://")
    (change,) = [r["data"] for r in raised if r["data"]["request"] == said["request"]]
    assert approved["at"] <= lifted["at"]
    assert change["version"] == lifted["data"]["version"]

    december = exported(acme, "audit", "--from", "2026-12-01")
    (back,) = [row for row in december if row["kind"] == "exception.restored"]
    assert said["request"] == back["data"]["request"]
    told = [
        r["data"] for r in rows if r["kind"] == "alert.fired" and r["data"]["budget"] == "search"
    ]
    assert (116_500_000, 140_000_000) == (told[-1]["spent"], told[-1]["limit"])
    made = [row for row in exported(acme, "audit") if row["kind"] == "export.made"]
    assert [len(rows), len(december)] == [row["data"]["rows"] for row in made]
