"""Two replicas read two sources at once, and gateways push: one sum, one alert, no deadlock."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from bot.clock import utc_now
from bot.domain.policy import Basis
from bot.flows import pushing, records
from bot.flows.status import all_standings
from bot.flows.tick import tick
from bot.parts import Bot
from bot.sandbox.litellm import LiteLlm
from store import ledger, touched
from tests.faults.bench import MONDAY, Bench, close
from tests.races.starts import at_once
from tests.story.town import Town, at

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
POLICY = """\
organization:
  name: Acme
  timezone: America/New_York
  channels: {digest: "#ai-budgets", operators: "#ai-budget-ops"}
sources:
  - {kind: litellm}
  - {kind: anthropic}
defaults: {overage: {routes: [{approvers: [owner]}]}}
unattributed: {owner: ops@example.com}
budgets:
  - {id: company, owner: pat@example.com, limit: 1000}
  - {id: both, parent: company, owner: dana@example.com, limit: 800, at_limit: block,
     match: [{workspace: both}, {team: both}]}
  - {id: search, parent: company, owner: lee@example.com, limit: 500,
     match: [{workspace: team-search}]}
"""
postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass
class Crowd:
    """A bench with a second source and a second replica."""

    acme: Bench
    gateway: LiteLlm
    other: Bot
    key: str

    def uses(self) -> None:
        """$20 by the provider, $20 by the gateway and $5 for another team."""
        self.acme.town.spends("20", workspace="both")
        self.acme.town.spends("5")
        self.gateway.spend("id-both", self.acme.clock().date(), "20", key=self.key)

    def push(self, bot: Bot) -> None:
        """$4 in two rows; one of them the other replica pushes, too."""
        at = self.acme.clock().isoformat()
        rows = [
            {"source": "own", "id": id_, "at": at, "model": None, "team": "both", "cost_usd": "2"}
            for id_ in (f"req_{id(bot)}_{self.acme.clock().isoformat()}", f"req_{at}")
        ]
        body = json.dumps({"rows": rows}).encode()
        now = utc_now()
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign("msg_1", now, body.decode()),
        }
        taken = pushing.take(bot, body, headers, self.acme.clock())
        assert isinstance(taken, pushing.Taken), taken


@pytest.fixture
def crowd(tmp_path: Path, database_url: str) -> Iterator[Crowd]:
    """Both sources have been read once."""
    with _crowd(tmp_path, database_url) as place:
        yield place


@contextmanager
def _crowd(folder: Path, database_url: str) -> Iterator[Crowd]:
    with LiteLlm() as gateway:
        gateway.add_team("id-both", "both")
        exported = {
            "LITELLM_BASE_URL": gateway.url,
            "LITELLM_API_KEY": gateway.master_key,
            "USAGE_PUSH_SECRET": SECRET,
        }
        town = Town(folder, database_url, "http", at(MONDAY), POLICY, **exported)
        with town.slack, town.usage, town.gateway:
            acme = Bench(town)
            acme.usage.add_workspace("both")
            other = acme.replica()
            acme.turn()
            yield Crowd(acme, gateway, other, gateway.add_key(team="id-both"))
            acme.close(other)


def both_ways(crowd: Crowd, number: int) -> list[Callable[[], object]]:
    """Each replica reads one of the sources, now this one and now the other."""
    pair = [crowd.acme.bot, crowd.other]
    if number % 2:
        pair.reverse()
    now = crowd.acme.clock()
    return [
        partial(tick, bot, now, only=name)
        for bot, name in zip(pair, ("anthropic", "litellm"), strict=True)
    ]


def in_the_ledger(crowd: Crowd) -> dict[str, int]:
    """Summed from the ledger, by budget; the company has no charges of its own."""
    acme = crowd.acme
    with acme.bot.db.transaction() as tx:
        spent = dict(ledger.spend(tx, at("2026-11-01 00:00"), at("2026-12-01 00:00"), Basis.NET))
    return {"both": spent.get("both", 0), "search": spent.get("search", 0)}


def check_figures(crowd: Crowd) -> None:
    """Standings and watches are what the ledger sums to."""
    found = in_the_ledger(crowd)
    found["company"] = found["both"] + found["search"]
    standings = {str(s.budget.id): s.spent for s in all_standings(crowd.other, crowd.acme.clock())}
    assert found == {name: standings[name] for name in found}
    with crowd.acme.bot.db.transaction() as tx:
        waiting = touched.waiting(tx).budgets
        rows = tx.connection().execute(text("SELECT budget, spent FROM watch")).all()
    watched = {budget: spent for budget, spent in rows if budget in found}
    if not waiting:
        assert found == watched


def fired(crowd: Crowd) -> Counter[str]:
    """How often each alert was."""
    rows = list(records.audit_rows(crowd.acme.bot, None, None))
    return Counter(str(row["subject"]) for row in rows if row["kind"] == "alert.fired")


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as an error: a deadlock in one budget ends there."""
    return [f"{r.message} {r.exc_info}" for r in caplog.records if r.levelno >= logging.ERROR]


def check_the_end(crowd: Crowd, caplog: pytest.LogCaptureFixture) -> None:
    """Every stage of every budget once, one version after the other, and a record without gaps."""
    once = fired(crowd)
    assert {1} == set(once.values())
    for budget in ("both", "company"):
        stages = [key.rsplit(":", 1)[1] for key in once if key.startswith(f"alert:{budget}:")]
        assert "exhausted" in stages
        assert len(stages) == len(set(stages))
    versions = [e.version for e in crowd.acme.gateway.journal if e.budget == "both"]
    assert list(range(1, len(versions) + 1)) == versions
    assert "block" == crowd.acme.gateway.holds("both").mode
    assert [] == complaints(caplog)
    assert None is records.verify(crowd.acme.bot).why


def test_two_sources_are_read_at_the_same_moment(
    crowd: Crowd, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither works out a sum without the other's charges; the last to commit tells what is due."""
    for number in range(24):
        crowd.uses()
        crowd.acme.later(minutes=1)
        at_once(both_ways(crowd, number))
        check_figures(crowd)
        spent = in_the_ledger(crowd)
        assert (40_000_000 * (number + 1), 5_000_000 * (number + 1)) == (
            spent["both"],
            spent["search"],
        )
        if spent["both"] >= 800_000_000 * 95 // 100:
            assert any(key.endswith(("intervene", "exhausted")) for key in fired(crowd))
    crowd.acme.deliver()

    check_the_end(crowd, caplog)


@postgresql
def test_gateways_push_meanwhile(crowd: Crowd, caplog: pytest.LogCaptureFixture) -> None:
    """Pushes wait for nobody and are in the sum of the next tick at the latest, each row once."""
    rounds = 20
    for number in range(rounds):
        crowd.uses()
        crowd.acme.later(minutes=1)
        calls = both_ways(crowd, number)
        calls += [partial(crowd.push, bot) for bot in (crowd.acme.bot, crowd.other)]
        at_once(calls)
        check_figures(crowd)
    crowd.acme.later(minutes=1)
    at_once(both_ways(crowd, 0))
    check_figures(crowd)
    crowd.acme.deliver()

    assert rounds * 46_000_000 == in_the_ledger(crowd)["both"]
    check_the_end(crowd, caplog)


@postgresql
def test_new_rules_while_all_sources_are_read(
    crowd: Crowd, caplog: pytest.LogCaptureFixture
) -> None:
    """Attributing anew takes every source, and so does a turn of the command line: in one order."""
    rounds = 10
    current = crowd.other
    for number in range(rounds):
        moved = POLICY.replace("{team: both}", f"{{team: both}}, {{api_key: none-{number}}}")
        crowd.acme.town.write_policy(moved)
        newer = crowd.acme.replica()
        crowd.uses()
        crowd.acme.later(minutes=1)
        at_once([partial(tick, bot, crowd.acme.clock()) for bot in (current, newer)])
        close(current)
        current = newer
    crowd.acme.later(minutes=1)
    tick(current, crowd.acme.clock())
    close(current)
    crowd.other = crowd.acme.replica()
    check_figures(crowd)
    close(crowd.other)

    assert rounds * 40_000_000 == in_the_ledger(crowd)["both"]
    assert [] == complaints(caplog)
