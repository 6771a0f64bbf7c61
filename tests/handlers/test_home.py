"""The Home tab: opened, pressed, kept up to date, over HTTP and Socket Mode."""

from bot.domain.overages import RequestState
from bot.flows import doctor
from bot.sandbox.slack import Person, View
from bot.sandbox.slack.envelopes import Envelope
from tests.handlers.desk import Desk


def opens(desk: Desk, name: str) -> Person:
    """Somebody opens it, and it is there."""
    person = desk.person(name)
    assert person.opens_home().ok
    desk.slack.wait_until(person.home)
    desk.town.settles()
    return person


def turn(desk: Desk) -> None:
    """Every job has its turn."""
    desk.town.turn()


def says(person: Person) -> str:
    """All that stands on the tab."""
    view = person.home()
    assert view is not None
    return str(view.blocks)


def published(desk: Desk) -> int:
    """How often any tab was published."""
    return sum(c.method == "views.publish" for c in desk.slack.journal)


def home_of(person: Person) -> View:
    """The tab as it stands now."""
    view = person.home()
    assert view is not None
    return view


def test_the_owner_sees_their_budget_and_what_waits(desk: Desk) -> None:
    """Spend, share, stage in words, data age, and the alert with its buttons."""
    dana = opens(desk, "dana")
    said = says(dana)

    for words in ("Search ranking", "$81 of $100 (81 %)", "respond", "as of", "Ask for more"):
        assert words in said
    assert "Waiting for your answer" in said


def test_it_works_in_socket_mode(socket_desk: Desk) -> None:
    """The same event by the other way."""
    assert "Search ranking" in says(opens(socket_desk, "dana"))


def test_an_event_that_comes_again_publishes_once(desk: Desk) -> None:
    """Slack delivers until it is acknowledged, and sometimes after that."""
    opens(desk, "dana")
    assert desk.slack.events.redeliver().ok
    desk.town.settles()

    assert 1 == published(desk)


def test_slack_verifies_the_address(desk: Desk) -> None:
    """What Slack sends when an administrator enters the request_url for events."""
    payload = {"type": "url_verification", "token": "t", "challenge": "a word"}
    ack = desk.slack.deliver(Envelope("events_api", payload))

    assert ack.ok
    assert "a word" in str(ack.body)


def test_an_approver_decides_from_home(desk: Desk) -> None:
    """The card in the channel and the requester's tab change, and the approver is asked no more."""
    desk.asks("20")
    tom, fin = opens(desk, "tom"), opens(desk, "fin")
    assert "Your open requests" in says(tom)
    assert "Waiting for your decision" in says(fin)
    assert "Waiting for your decision" not in says(tom)
    assert fin.presses("request:approve", home_of(fin)).ok
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)
    desk.town.settles()
    turn(desk)

    assert "Approved by <@U0FIN>" in desk.card().text
    assert "Waiting for your decision" not in says(fin)
    assert "Your open requests" not in says(tom)
    assert "$20 more until" in says(tom)


def test_who_may_end_an_exception_ends_it_from_home(desk: Desk) -> None:
    """The button stands there while it holds, and is gone afterwards."""
    desk.asks("20")
    dana, fin = opens(desk, "dana"), opens(desk, "fin")
    fin.presses("request:approve", home_of(fin))
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)
    desk.town.goes_to("2026-11-02 11:05")
    assert dana.presses("exception:end", home_of(dana)).ok
    desk.town.settles()
    desk.town.goes_to("2026-11-02 11:06")

    assert "Exceptions that hold" not in says(dana)
    assert "ended early by <@U0DANA>" in desk.card().text


def test_answering_and_asking_from_home(desk: Desk) -> None:
    """The same handlers open the same forms."""
    dana = opens(desk, "dana")
    assert dana.presses("alert:ack", home_of(dana)).ok
    assert desk.slack.wait_until(dana.view).callback_id == "alert_answer"
    dana.closes()
    assert dana.presses("request:open", home_of(dana)).ok
    assert desk.slack.wait_until(dana.view).callback_id == "overage_request"
    dana.closes()
    turn(desk)

    assert "Waiting for your answer" not in says(dana)


def test_the_forms_of_those_who_decide_open_from_home(desk: Desk) -> None:
    """Less, no and a question each have a form, and a denial sent from it counts."""
    desk.asks("20")
    fin = opens(desk, "fin")
    for action, callback in (
        ("request:adjust", "overage_decision"),
        ("request:ask", "request_question"),
        ("request:deny", "overage_decision"),
    ):
        assert fin.presses(action, home_of(fin)).ok
        assert desk.slack.wait_until(fin.view).callback_id == callback
        if action != "request:deny":
            fin.closes()
    assert desk.submits(fin, reason="not this month").ok
    desk.slack.wait_until(lambda: desk.state() is RequestState.DENIED)


def test_a_request_is_withdrawn_from_home(desk: Desk) -> None:
    """By whoever asked."""
    desk.asks("20")
    tom = opens(desk, "tom")
    assert tom.presses("request:withdraw", home_of(tom)).ok
    desk.slack.wait_until(lambda: desk.state() is RequestState.WITHDRAWN)


def test_an_answer_to_a_press_on_home_is_a_dm(desk: Desk) -> None:
    """There is no channel to whisper in, and an old tab still gets an answer."""
    desk.asks("20")
    fin = opens(desk, "fin")
    old = home_of(fin)
    fin.presses("request:approve", old)
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)
    desk.town.settles()
    assert fin.presses("request:approve", old).ok
    desk.slack.wait_until(lambda: "already" in fin.dms()[-1].text.lower())


def test_what_did_not_change_is_not_published_again(desk: Desk) -> None:
    """The line on the age alone is no change; spend is."""
    dana = opens(desk, "dana")
    turn(desk)
    before = published(desk)
    desk.town.goes_to("2026-11-02 11:02")
    assert before == published(desk)
    desk.town.spends("4")
    desk.town.goes_to("2026-11-02 11:04")

    assert before + 1 == published(desk)
    assert "$85 of $100" in says(dana)


def test_a_state_that_comes_again_is_published_again(desk: Desk) -> None:
    """Withdrawn, the tab shows what it showed before the request."""
    tom = opens(desk, "tom")
    for number in (1, 2):
        desk.asks("20")
        turn(desk)
        assert "Your open requests" in says(tom)
        tom.presses("request:withdraw", home_of(tom))
        desk.slack.wait_until(lambda: desk.state() is RequestState.WITHDRAWN)
        turn(desk)
        assert ("Your open requests" in says(tom), number) == (False, number)


def test_nobody_hears_of_it_who_did_not_open_it(desk: Desk) -> None:
    """Nor does somebody who has not looked for a month."""
    opens(desk, "dana")
    before = published(desk)
    desk.town.goes_to("2026-12-03 11:00")

    assert before == published(desk)


def test_a_lost_answer_is_published_again(desk: Desk) -> None:
    """Publishing twice shows the same."""
    desk.slack.faults.add("views.publish", "lost_answer")
    dana = desk.person("dana")
    dana.opens_home()
    desk.slack.wait_until(lambda: published(desk) == 1)
    desk.town.clock.to(desk.town.clock().replace(minute=1))
    desk.town.settles()

    assert 2 == published(desk)
    assert "Search ranking" in says(dana)


def test_a_tab_that_is_off_is_told_by_doctor_alone(desk: Desk) -> None:
    """Once for everybody, with what to do; the operators' channel stays quiet."""
    town = desk.town
    before = len(town.said_in("#ai-budget-ops"))
    desk.slack.faults.add("views.publish", "error", error="not_enabled")
    desk.person("dana").opens_home()
    desk.slack.wait_until(lambda: published(desk) == 1)
    town.settles()
    turn(desk)
    found = {f.name: f for f in doctor.examine(town.bot.bot, town.clock())}["Home tab"]

    assert not found.ok
    assert "Turn on the app's Home tab" in found.text
    assert 1 == published(desk)
    assert before == len(town.said_in("#ai-budget-ops"))
