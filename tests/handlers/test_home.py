"""The Home tab is opened, by either way Slack delivers: once for each event, and again when lost."""

import pytest

from bot.flows import doctor
from bot.sandbox.slack.accounts import Kind
from bot.sandbox.slack.envelopes import Envelope
from tests.handlers.desk import Desk
from tests.handlers.homes import opens, published, says


def test_the_owner_sees_their_budget_and_what_waits(either: Desk) -> None:
    """Spend, share, stage in words, data age, and the alert with its buttons."""
    dana = opens(either, "dana")
    said = says(dana)

    for words in ("Search ranking", "$81 of $100 (81 %)", "respond", "as of", "Ask for more"):
        assert words in said
    assert "Waiting for your answer" in said
    assert 1 == published(either)


def test_an_event_that_comes_again_publishes_once(either: Desk) -> None:
    """Slack delivers until it is acknowledged, and sometimes after that."""
    opens(either, "dana")
    assert either.slack.events.redeliver().ok
    either.town.settles()

    assert 1 == published(either)


def test_the_messages_tab_is_none_of_ours(desk: Desk) -> None:
    """Slack tells of it by the same event."""
    desk.person("dana").opens_home()
    desk.slack.wait_until(lambda: published(desk) == 1)
    again = desk.sent_again("event_callback", event__tab="messages", event_id="Ev0OTHER")
    desk.town.settles()

    assert again.ok
    assert 1 == published(desk)


@pytest.mark.parametrize("kind", ["stranger", "neighbour"])
def test_somebody_from_outside_has_no_tab(desk: Desk, kind: Kind) -> None:
    """Who shares a channel with us sees that channel, and no budgets."""
    person = desk.newcomer("visitor", kind)
    person.opens_home()
    opens(desk, "dana")

    assert person.home() is None
    assert 1 == published(desk)


def test_a_guest_has_no_budgets_of_others_on_it(desk: Desk) -> None:
    """Members without a budget see the top of the tree, a contractor does not."""
    guest = desk.newcomer("gus", "guest")
    guest.opens_home()
    shown = desk.slack.wait_until(guest.home)
    assert shown is not None

    assert "Platform" in says(opens(desk, "tom"))
    assert "No budgets yet." in shown.all_text()
    assert "Platform" not in shown.all_text()


def test_slack_verifies_the_address(desk: Desk) -> None:
    """What Slack sends when an administrator enters the request_url for events."""
    payload = {"type": "url_verification", "token": "t", "challenge": "a word"}
    ack = desk.slack.deliver(Envelope("events_api", payload))

    assert ack.ok
    assert "a word" in str(ack.body)


def test_a_lost_answer_is_published_again(either: Desk) -> None:
    """Publishing twice shows the same."""
    either.slack.faults.add("views.publish", "lost_answer")
    dana = either.person("dana")
    dana.opens_home()
    either.slack.wait_until(lambda: published(either) == 1)
    either.town.clock.to(either.town.clock().replace(minute=1))
    either.town.settles()

    assert 2 == published(either)
    assert "Search ranking" in says(dana)


def test_a_tab_that_is_off_is_told_by_doctor_alone(desk: Desk) -> None:
    """Once for everybody, with what to do; the operators' channel stays quiet."""
    town = desk.town
    before = len(town.said_in("#ai-budget-ops"))

    def found() -> doctor.Finding:
        return {f.name: f for f in doctor.examine(town.bot.bot, town.clock())}["Home tab"]

    assert (True, "nobody has opened it yet") == (found().ok, found().text)
    desk.slack.faults.add("views.publish", "error", error="not_enabled")
    desk.person("dana").opens_home()
    desk.slack.wait_until(lambda: published(desk) == 1)
    town.settles()
    town.turn()

    assert not found().ok
    assert "Turn on the app's Home tab" in found().text
    assert 1 == published(desk)
    assert before == len(town.said_in("#ai-budget-ops"))
    opens(desk, "dana")
    assert (True, "published to whoever opens it") == (found().ok, found().text)
