"""Outages: all that was to be said or enforced waits, and comes when the other side is back."""

from decimal import Decimal

import pytest

from bot.domain.errors import UserError
from bot.flows import enforcement, overages, records
from bot.flows.delivery import deliver_next
from store.outbox import Lane
from tests.faults.bench import POLICY, SEARCH, Bench
from tests.story.town import at

# What the outside does is the same on both databases.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ALERT = "alert:search:2026-11-01:100000000:respond"


def states(acme: Bench) -> dict[str, str]:
    """What waits or was given up, by key."""
    return {entry.key: entry.state for entry in acme.open()}


def hours(acme: Bench, count: float) -> None:
    """Time goes by in steps of a minute, and what becomes due is tried."""
    for _ in range(int(count * 60)):
        acme.later(minutes=1)
        acme.deliver()


def test_slack_is_not_asked_before_the_time_it_named(acme: Bench) -> None:
    """A 429 holds the lane and moves the entry to Retry-After; then it goes out, once."""
    acme.town.spends("81.50")
    acme.tick()
    acme.slack.faults.add("chat.postMessage", "ratelimited", retry_after=90)
    attempt = deliver_next(acme.bot, Lane.SLACK, acme.clock())
    assert attempt is not None
    assert (False, 90) == (attempt.sent, attempt.hold)
    acme.later(seconds=89)
    assert [] == acme.deliver(Lane.SLACK)
    acme.later(seconds=1)
    acme.deliver(Lane.SLACK)

    assert 1 == len(acme.posted(ALERT))
    assert [] == acme.slack.calls("conversations.history")  # it was refused, not lost


def test_a_target_that_fails_for_an_hour_gets_the_newest_version_only(acme: Bench) -> None:
    """What was replaced meanwhile is never sent; people are told once it is confirmed."""
    acme.turn()
    acme.gateway.faults.add("status", times=None, status=500)
    acme.ask("20", "view:V1")
    acme.approve(1)
    hours(acme, 0.5)
    acme.ask("10", "view:V2")
    acme.approve(2)
    hours(acme, 0.5)
    assert Decimal(100) == acme.gateway.holds(SEARCH).limit
    acme.gateway.faults.clear()
    hours(acme, 0.1)

    after = [e.version for e in acme.gateway.journal if e.outcome == "applied"]
    assert [1, 3] == after
    assert (Decimal(130), 3) == acme.gateway.holds(SEARCH)[:2]
    assert "Limit lifted to $120 ✓" in acme.posted("request:1:dm:fin@example.com")[0].text
    assert "Limit lifted to $130 ✓" in acme.posted("request:2:dm:fin@example.com")[0].text
    assert {} == states(acme)
    assert 60 > len(acme.gateway.journal)  # it backs off


def test_a_permanent_refusal_is_told_and_sent_again_by_hand(acme: Bench) -> None:
    """The operators hear of it once, with the remedy; redriving it is in the record."""
    acme.turn()
    acme.gateway.faults.add("status", times=2, status=403, body="unknown budget")
    acme.ask()
    acme.approve()
    acme.deliver()
    hours(acme, 0.5)
    (dead,) = acme.open()
    assert ("limit:search:v2", "dead") == (dead.key, dead.state)
    (told,) = acme.town.said_in("#ai-budget-ops")
    assert "unknown budget" in told
    assert f"budget-bot outbox redrive {dead.id}" in told
    assert 0 == enforcement.sweep(acme.bot, acme.clock())  # given up is given up

    assert dead.key == enforcement.redrive(acme.bot, dead.id, acme.clock())
    acme.deliver()
    assert {"limit:search:v2": "dead"} == states(acme)  # refused once more
    assert dead.key == enforcement.redrive(acme.bot, dead.id, acme.clock())
    acme.deliver()

    assert (Decimal(150), 2) == acme.gateway.holds(SEARCH)[:2]
    assert {} == states(acme)
    kinds = [row["kind"] for row in records.audit_rows(acme.bot, None, None)]
    assert 2 == kinds.count("outbox.redriven")
    assert 2 == kinds.count("limit_state.refused")


def test_a_refused_limit_that_was_replaced_is_not_sent_again(acme: Bench) -> None:
    """After a newer version the old one is no longer given up but superseded."""
    acme.turn()
    acme.gateway.faults.add("status", status=400)
    acme.ask()
    acme.approve()
    acme.deliver()
    (dead,) = acme.open()
    acme.town.write_policy(POLICY.replace("limit: 100", "limit: 120"))
    acme.close()
    acme.bot = acme.replica()
    acme.later(minutes=1)
    acme.turn()

    assert (Decimal(170), 3) == acme.gateway.holds(SEARCH)[:2]
    assert {} == states(acme)
    assert None is enforcement.redrive(acme.bot, dead.id, acme.clock())
    assert [] == acme.deliver()


def test_only_what_was_given_up_can_be_sent_again(acme: Bench) -> None:
    """A message that was delivered is not posted a second time by a number typed wrong."""
    acme.town.spends("81.50")
    acme.turn()
    before = len(list(records.audit_rows(acme.bot, None, None)))
    for number in range(1, 10):
        assert None is enforcement.redrive(acme.bot, number, acme.clock())
    acme.deliver()

    assert 1 == len(acme.posted(ALERT))
    assert before == len(list(records.audit_rows(acme.bot, None, None)))


def test_a_message_sent_again_by_hand_is_looked_up_first(acme: Bench) -> None:
    """It was given up after answers that were lost, so it may stand there already."""
    acme.town.spends("81.50")
    acme.tick()
    acme.slack.faults.add("chat.postMessage", "lost_answer")
    acme.slack.faults.add("conversations.history", "status", times=None)
    acme.slack.faults.add("chat.postMessage", "status", times=None)
    acme.deliver(Lane.SLACK)
    acme.later(days=3, seconds=1)
    acme.deliver(Lane.SLACK)
    acme.later(minutes=1)
    acme.deliver(Lane.SLACK)
    (dead,) = [entry for entry in acme.open() if entry.key == ALERT]
    assert "dead" == dead.state
    acme.slack.faults.clear()
    enforcement.redrive(acme.bot, dead.id, acme.clock())
    acme.deliver()

    assert 1 == len(acme.posted(ALERT))


def test_with_slack_down_nothing_is_lost(acme: Bench) -> None:
    """Alert, card and decision are recorded; all of it is said when Slack is back."""
    acme.slack.faults.add("*", "refuse", times=None)
    acme.town.spends("81.50")
    acme.turn()
    acme.ask()
    acme.deliver()
    with pytest.raises(UserError, match="nothing was decided"):
        acme.approve()
    assert Decimal(100) == acme.gateway.holds(SEARCH).limit  # the other lane goes on
    hours(acme, 0.5)
    assert [] == acme.messages()
    acme.slack.faults.clear()
    assert isinstance(acme.approve(), overages.Decided)
    acme.slack.faults.add("*", "status", times=None, status=503)
    hours(acme, 0.5)
    assert Decimal(150) == acme.gateway.holds(SEARCH).limit
    acme.slack.faults.clear()
    hours(acme, 0.1)

    assert {} == states(acme)
    assert 1 == len(acme.posted(ALERT))
    assert "Limit lifted to $150 ✓" in acme.posted("request:1:dm:fin@example.com")[0].text
    assert "Limit lifted to $150 ✓" in acme.posted("request:1:approvals")[-1].text
    assert 2 == len(acme.town.said_to("dana")[2:])  # approved, and lifted


def test_a_wrong_token_gives_nothing_up(acme: Bench) -> None:
    """It is the app that has to be mended; for two days the messages wait, and then go out."""
    right, wrong = acme.bot, acme.with_token("xoxb-not-the-one")
    acme.town.spends("81.50")
    acme.bot = wrong
    acme.turn()
    acme.later(days=1)
    acme.deliver()
    acme.later(days=1)
    acme.deliver()
    assert {ALERT: "pending"} == states(acme)
    acme.bot = right
    acme.later(hours=1)
    acme.deliver()

    assert {} == states(acme)
    assert 1 == len(acme.posted(ALERT))
    acme.close(wrong)


def test_after_three_days_a_message_is_given_up_and_told(acme: Bench) -> None:
    """It stays visible with its last error, and the operators know its number."""
    acme.town.spends("81.50")
    acme.tick()
    acme.slack.faults.add("users.lookupByEmail", "error", times=None, error="internal_error")
    acme.deliver()
    acme.later(days=3, seconds=1)
    acme.deliver()
    assert {ALERT: "pending"} == states(acme)
    acme.later(minutes=1)
    acme.deliver()

    assert {ALERT: "dead", f"{ALERT}:instead": "pending"} == states(acme)
    assert "Not delivered" in acme.town.said_in("#ai-budget-ops")[0]


def test_an_end_that_the_next_raise_was_faster_than_is_told_all_the_same(acme: Bench) -> None:
    """The version without the ended raise is confirmed before the tick that notes the end."""
    acme.turn()
    acme.ask("20", "view:V1", last_day=acme.clock().date())
    acme.approve(1)
    acme.deliver()
    acme.ask("10", "view:V2")
    acme.clock.to(at("2026-11-03 00:00"))
    acme.later(seconds=5)
    acme.approve(2)
    acme.deliver()
    assert Decimal(110) == acme.gateway.holds(SEARCH).limit
    acme.turn()

    assert "the limit is back ✓" in acme.posted("request:1:dm:fin@example.com")[0].text
    (told,) = acme.posted("request:1:restored:U0DANA")
    assert "the limit is back ✓" in told.text
    assert "Limit lifted to $110 ✓" in acme.posted("request:2:dm:fin@example.com")[0].text
