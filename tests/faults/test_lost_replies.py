"""Replies that never arrive: what happened all the same is found out, not done twice."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import pytest

from bot.domain.policy import Basis
from store import ledger, sources
from store.outbox import Lane
from tests.faults.bench import POLICY, SEARCH, Bench

# What the outside does is the same on both databases.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ALERT = "alert:search:2026-11-01:100000000:respond"
CARD = "request:1:approvals"


def spent(acme: Bench) -> int:
    """The sum over the ledger."""
    ever = datetime.fromisoformat("2026-01-01T00:00:00Z"), acme.clock()
    with acme.bot.db.transaction() as tx:
        return sum(ledger.spend(tx, *ever, Basis.NET).values())


def test_a_dm_whose_answer_was_lost_is_not_posted_twice(acme: Bench) -> None:
    """The message is found by its key, and from then on it can be updated like any other."""
    acme.town.spends("81.50")
    acme.slack.faults.add("chat.postMessage", "lost_answer")
    acme.turn()
    assert [ALERT] == [entry.key for entry in acme.open()]
    acme.later(seconds=5)
    acme.deliver()

    assert 1 == len(acme.posted(ALERT))
    assert [] == acme.open()


def test_a_message_that_did_not_get_through_is_posted_again(acme: Bench) -> None:
    """The same look-up finds nothing when the connection broke before Slack had it."""
    acme.town.spends("81.50")
    acme.slack.faults.add("chat.postMessage", "refuse")
    acme.turn()
    assert [] == acme.posted(ALERT)
    acme.later(seconds=5)
    acme.deliver()

    assert 1 == len(acme.posted(ALERT))


def test_a_channel_named_by_its_id_is_looked_up_too(acme: Bench) -> None:
    """The card stands once in the channel, and shows the decision."""
    channel = acme.slack.channel("#ai-approvals").id
    acme.town.write_policy(POLICY.replace('"#ai-approvals"', channel))
    acme.close()
    acme.bot = acme.replica()
    acme.turn()
    acme.ask()
    acme.slack.faults.add("chat.postMessage", "lost_answer", times=3)
    acme.deliver()
    acme.later(seconds=5)
    acme.deliver()
    acme.approve()
    acme.deliver()

    (card,) = acme.posted(CARD)
    assert "Limit lifted to $150 ✓" in card.text
    assert 3 == len([call for call in acme.slack.calls("chat.postMessage") if call.fault])


def test_a_channel_known_by_name_only_gets_one_message_more(acme: Bench) -> None:
    """A name has no history to look into; a duplicate is better than a miss."""
    acme.turn()
    acme.ask()
    acme.slack.faults.add("chat.postMessage", "lost_answer")
    acme.deliver()
    acme.later(seconds=5)
    acme.deliver()

    assert 2 == len(acme.posted(CARD))
    assert [] == acme.open()


def test_a_webhook_whose_answer_was_lost_is_sent_again_as_the_same(acme: Bench) -> None:
    """The same id and version, which the target holds already, and then it is confirmed once."""
    acme.turn()
    acme.ask()
    acme.gateway.faults.add("drop")
    acme.approve()
    acme.deliver()
    assert Decimal(150) == acme.gateway.holds(SEARCH).limit
    assert not any("lifted" in message.text for message in acme.messages())
    acme.later(seconds=5)
    acme.deliver()

    sent = [(e.webhook_id, e.version, e.outcome) for e in acme.gateway.journal[1:]]
    assert [("limit:search:v2", 2, "drop"), ("limit:search:v2", 2, "repeated")] == sent
    assert "Limit lifted to $150 ✓" in acme.posted("request:1:dm:fin@example.com")[0].text
    assert [] == acme.open()


@pytest.mark.parametrize("fault", ["drop", "truncate"])
def test_a_report_that_breaks_off_is_read_anew(
    acme: Bench, fault: Literal["drop", "truncate"]
) -> None:
    """The half that came is thrown away with the connection; nothing counts twice."""
    acme.town.spends("40")
    acme.turn()
    acme.town.spends("15")
    acme.usage.faults.add(fault, "analytics/usage")
    report = acme.tick()

    assert () == report.errors
    assert 55_000_000 == spent(acme)


def test_pages_that_never_came_change_nothing(acme: Bench) -> None:
    """Half of a report is no report: what was known stays, and the next poll has it all, once."""
    acme.town.spends("40")
    acme.turn()
    for number in range(1100):
        acme.town.spends("0.01", model=f"model-{number}")
    acme.usage.faults.add("mid_page", status=400)
    report = acme.tick()
    assert 1 == len(report.errors)
    assert 40_000_000 == spent(acme)
    acme.later(minutes=1)
    acme.tick()

    assert 51_000_000 == spent(acme)


def test_a_target_that_hangs_holds_up_no_message(acme: Bench) -> None:
    """The lanes are apart: while one waits for its time-out, the other delivers."""
    acme.town.spends("81.50")
    acme.tick()
    acme.gateway.faults.add("hang")
    hanging = acme.background(Lane.WEBHOOK)
    acme.slack.wait_until(lambda: "hang" in [e.outcome for e in acme.gateway.journal])
    acme.deliver(Lane.SLACK)
    assert 1 == len(acme.posted(ALERT))
    assert hanging.is_alive()
    acme.gateway.stop()  # the connection ends, and with it the wait
    hanging.join(10)
    assert not hanging.is_alive()
    acme.gateway.start()
    acme.later(seconds=5)
    acme.deliver()

    assert Decimal(100) == acme.gateway.holds(SEARCH).limit
    assert [] == acme.open()


def test_a_slack_that_hangs_holds_up_no_limit(acme: Bench) -> None:
    """The limit is at the target while the message still waits for its answer."""
    acme.town.spends("81.50")
    acme.tick()
    acme.slack.faults.add("chat.postMessage", "delay", seconds=30)
    hanging = acme.background(Lane.SLACK)
    acme.deliver(Lane.WEBHOOK)

    assert Decimal(100) == acme.gateway.holds(SEARCH).limit
    assert hanging.is_alive()
    acme.slack.stop()
    hanging.join(10)
    assert not hanging.is_alive()


def test_a_source_that_was_lost_says_so_once(acme: Bench) -> None:
    """However often it fails, the operators hear that we are blind, and once that we see again."""
    acme.turn()
    acme.usage.faults.add("status", times=None, status=400)
    for _ in range(4):
        acme.later(minutes=1)
        acme.turn()
    acme.usage.faults.clear()
    acme.later(minutes=1)
    acme.turn()
    acme.later(minutes=1)
    acme.turn()

    told = acme.town.said_in("#ai-budget-ops")
    assert 2 == len(told)
    assert "Blind since" in told[0]
    assert "All clear" in told[1]
    with acme.bot.db.transaction() as tx:
        assert sources.load(tx, "anthropic").blind_since is None
