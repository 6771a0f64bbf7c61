"""Blind in one eye: what follows from figures that are missing, and from a zero that is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.money import micros
from bot.flows import records
from bot.flows.status import all_standings
from bot.sandbox.litellm import LiteLlm
from tests.story.town import POLICY, Town, at, town

TWO = f"""{POLICY}\
  - id: gateway
    name: Gateway
    owner: tom@example.com
    limit: 100
    at_limit: block
    match: [{{team: gateway}}]
  - id: both
    name: Both ways
    owner: kim@example.com
    limit: 100
    match: [{{team: both}}, {{workspace: both}}]
sources:
  - {{kind: anthropic}}
  - {{kind: litellm}}
"""
TUESDAY = "2026-11-03 09:00"


@contextmanager
def two_sources(folder: Path, database_url: str) -> Iterator[tuple[Town, LiteLlm]]:
    """Acme, with a gateway beside the provider; every team has spent a little by either."""
    with LiteLlm() as gateway:
        for team in ("gateway", "both"):
            gateway.add_team(f"id-{team}", team)
        exported = {"LITELLM_BASE_URL": gateway.url, "LITELLM_API_KEY": gateway.master_key}
        with town(folder, database_url, "http", at(TUESDAY), TWO, **exported) as place:
            place.usage.add_workspace("both")
            place.spends("1")
            place.spends("1", workspace="both")
            uses(place, gateway, "1")
            uses(place, gateway, "1", team="both")
            place.turn()
            yield place, gateway


def uses(place: Town, gateway: LiteLlm, usd: str, team: str = "gateway") -> None:
    """Somebody uses Claude by the gateway, today."""
    key = gateway.add_key(team=f"id-{team}")
    gateway.spend(f"id-{team}", place.clock().date(), usd, key=key)


def test_a_blind_source_silences_only_whom_it_feeds(tmp_path: Path, database_url: str) -> None:
    """The provider is down: the gateway's budget is told, the others not, and then at once."""
    with two_sources(tmp_path, database_url) as (acme, gateway):
        acme.usage.faults.add("error", times=None, status=403, type="permission_error")
        acme.clock.to(at("2026-11-03 10:00"))
        acme.spends("84")
        uses(acme, gateway, "84")
        uses(acme, gateway, "84", team="both")
        acme.turn()
        assert acme.said_to("tom")[0].startswith("respond: Gateway has spent $85 of $100")
        assert ([], []) == (acme.said_to("dana"), acme.said_to("kim"))
        fresh = {
            str(s.budget.id): s.freshness.stale
            for s in all_standings(acme.bot.bot, acme.clock())
            if s.budget.id in {"search", "gateway", "both", "growth"}
        }
        assert {"search": True, "gateway": False, "both": True, "growth": True} == fresh

        acme.usage.faults.clear()
        acme.goes_to("2026-11-03 10:02")
        assert acme.said_to("dana")[0].startswith("respond: Search ranking has spent $85 of $100")
        assert acme.said_to("kim")[0].startswith("respond: Both ways has spent $86 of $100")
        assert 1 == len(acme.said_to("tom"))


def test_the_other_source_may_be_the_blind_one(tmp_path: Path, database_url: str) -> None:
    """The gateway is down, and its budget's limit is not touched while it is at the limit."""
    with two_sources(tmp_path, database_url) as (acme, gateway):
        acme.clock.to(at("2026-11-03 10:00"))
        uses(acme, gateway, "104")
        acme.turn()
        assert "block" == acme.gateway.holds("gateway").mode
        gateway.faults.add("error", times=None, status=403)
        acme.clock.to(at("2026-11-03 10:30"))
        acme.spends("84")
        acme.turn()
        assert acme.said_to("dana")[0].startswith("respond: Search ranking has spent $85 of $100")
        (blind,) = acme.said_in("#ai-budget-ops")
        assert "the usage source “litellm” does not answer" in blind
        assert "block" == acme.gateway.holds("gateway").mode


def test_what_a_blind_source_held_back_fires_though_nothing_is_spent(
    tmp_path: Path, database_url: str
) -> None:
    """Spend that was known before the figures stood still is told with the first that are fresh."""
    with two_sources(tmp_path, database_url) as (acme, gateway):
        gateway.faults.add("error", times=None, status=403)
        acme.clock.to(at("2026-11-03 10:00"))
        acme.spends("84", workspace="both")
        acme.turn()
        spent = {str(s.budget.id): s.spent for s in all_standings(acme.bot.bot, acme.clock())}
        assert (micros("86"), []) == (spent["both"], acme.said_to("kim"))
        acme.goes_to("2026-11-03 11:00")
        assert [] == acme.said_to("kim")

        gateway.faults.clear()
        acme.goes_to("2026-11-03 11:01")
        assert acme.said_to("kim")[0].startswith("respond: Both ways has spent $86 of $100")
        acme.goes_to("2026-11-03 11:02")
        assert 1 == len(acme.said_to("kim"))


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Acme after a day on which ten hours cost something."""
    with town(tmp_path, database_url, "http", at(TUESDAY)) as place:
        for hours in range(1, 11):
            moment = place.clock() - timedelta(hours=hours)
            place.usage.spend(moment, "4", workspace="team-search")
        place.turn()
        yield place


def cannot_look(acme: Town) -> None:
    """The provider answers, with nothing."""
    acme.usage.faults.add(
        "edit", "analytics", times=None, edit=lambda answer: {**answer, "data": []}
    )


def spent(acme: Town) -> int:
    """What search has spent by the standings."""
    found = {str(s.budget.id): s.spent for s in all_standings(acme.bot.bot, acme.clock())}
    return found["search"]


def test_a_zero_that_is_none_changes_no_figure(acme: Town) -> None:
    """Told once as blindness, with the reason and the remedy; it clears with the next answer."""
    cannot_look(acme)
    for minute in ("01", "02", "30"):
        acme.goes_to(f"2026-11-03 10:{minute}")
    assert micros("40") == spent(acme)
    (blind,) = acme.said_in("#ai-budget-ops")
    assert "it says $0 for the hours since" in blind
    assert "which cost $40 before: that is unknown, not zero" in blind
    assert "budget-bot backfill --since 2026-11-01" in blind

    acme.usage.faults.clear()
    acme.spends("45")
    acme.goes_to("2026-11-03 10:45")
    assert micros("85") == spent(acme)
    assert "All clear" in acme.said_in("#ai-budget-ops")[-1]
    assert acme.said_to("dana")[0].startswith("respond: Search ranking has spent $85 of $100")
    kinds = [row["kind"] for row in records.audit_rows(acme.bot.bot, None, None)]
    assert (1, 1) == (kinds.count("source.blind"), kinds.count("source.clear"))
    assert 2 == len(acme.said_in("#ai-budget-ops"))


def test_a_handful_of_charges_taken_back_is_believed(tmp_path: Path, database_url: str) -> None:
    """Nine hours that cost nothing after all are a correction, not an outage."""
    with town(tmp_path, database_url, "http", at(TUESDAY)) as acme:
        for hours in range(1, 10):
            acme.usage.spend(acme.clock() - timedelta(hours=hours), "4", workspace="team-search")
        acme.turn()
        assert micros("36") == spent(acme)
        for event in acme.usage.events:
            acme.usage.revise(event, usd="0")
        acme.goes_to("2026-11-03 10:00")

        assert 0 == spent(acme)
        assert [] == acme.said_in("#ai-budget-ops")


def test_nothing_spent_since_is_nothing_to_doubt(acme: Town) -> None:
    """A quiet weekend: the hours that cost something are not asked about any more."""
    acme.goes_to("2026-11-07 09:00")

    assert micros("40") == spent(acme)
    assert [] == acme.said_in("#ai-budget-ops")
    assert Decimal(100) == acme.limit_at_gateway()
