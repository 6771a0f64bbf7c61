"""Everything on the Home tab can be pressed, by either way Slack delivers."""

import pytest

from bot.domain.overages import RequestKind, RequestState
from tests.handlers.desk import Desk
from tests.handlers.homes import home_of, offers, opens, says

# How a press arrives is the same for all of them: some go both ways, and the rest one.
one_way = pytest.mark.parametrize("either", ["socket"], indirect=True)


def test_an_answer_and_a_plan_from_home(either: Desk) -> None:
    """The click is the answer and the form adds a word; the alert's DM shows both, the tab asks no more."""
    dana = opens(either, "dana")
    assert dana.presses("alert:planned", home_of(dana)).ok
    assert either.slack.wait_until(dana.view).title == "This is planned"
    dana.closes()
    assert dana.presses("alert:ack", home_of(dana)).ok
    assert either.slack.wait_until(dana.view).callback_id == "alert_answer"
    assert either.submits(dana, note="moving the batch job").ok
    either.town.settles()

    assert "<@U0DANA> is on it" in either.alert().text
    assert "moving the batch job" in either.alert().text
    either.slack.wait_until(lambda: "Waiting for your answer" not in says(dana))


@one_way
@pytest.mark.parametrize("action", ["alert:request", "request:open"])
def test_more_is_asked_for_from_home(either: Desk, action: str) -> None:
    """From the alert, which that answers, or from the budget."""
    dana = opens(either, "dana")
    assert dana.presses(action, home_of(dana)).ok
    assert either.slack.wait_until(dana.view).callback_id == "overage_request"
    assert either.submits(dana, amount="20", reason="launch week").ok
    either.town.settles()

    assert "$20 more" in either.card().text
    either.slack.wait_until(lambda: "Your open requests" in says(dana))
    assert (action == "alert:request") == ("Waiting for your answer" not in says(dana))


@one_way
@pytest.mark.parametrize(
    ("action", "now_said"), [("limit:now", "is blocked since"), ("limit:hold", "is blocked from")]
)
def test_the_last_word_is_said_from_home(spent: Desk, action: str, now_said: str) -> None:
    """The response at once, or once later; an answered alert has still its buttons for it."""
    dana = opens(spent, "dana")
    dana.presses("alert:ack", home_of(dana))
    spent.slack.wait_until(dana.view)
    dana.closes()
    spent.slack.wait_until(lambda: "alert:ack" not in offers(dana))
    assert "limit:hold" in offers(dana)
    assert dana.presses(action, home_of(dana)).ok
    spent.town.settles()

    spent.slack.wait_until(lambda: now_said in dana.dms()[-2].text or now_said in says(dana))
    held = spent.town.gateway.holds("search")
    assert ("block" if action == "limit:now" else "allow") == held.mode
    spent.slack.wait_until(lambda: "limit:hold" not in offers(dana))


@one_way
def test_the_glass_is_broken_from_home(spent: Desk) -> None:
    """By the owner, also once the alert is answered."""
    dana = opens(spent, "dana")
    assert 1 == offers(dana).count("alert:break_glass")
    dana.presses("alert:ack", home_of(dana))
    spent.slack.wait_until(dana.view)
    dana.closes()
    spent.slack.wait_until(lambda: "alert:ack" not in offers(dana))
    assert 1 == offers(dana).count("alert:break_glass")
    assert dana.presses("alert:break_glass", home_of(dana)).ok
    assert spent.slack.wait_until(dana.view).callback_id == "break_glass"
    assert spent.submits(dana, amount="10", hours="4", reason="checkout is down").ok
    spent.town.settles()

    assert RequestKind.BREAK_GLASS is spent.requests()[0].kind
    assert 110 == spent.town.limit_at_gateway()
    spent.slack.wait_until(lambda: "exception:end" in offers(dana))


def test_an_approver_decides_from_home(either: Desk) -> None:
    """The card in the channel and the requester's tab change, and the approver is asked no more."""
    either.asks("20")
    tom, fin = opens(either, "tom"), opens(either, "fin")
    assert "Your open requests" in says(tom)
    assert "Waiting for your decision" in says(fin)
    assert "Waiting for your decision" not in says(tom)
    assert fin.presses("request:approve", home_of(fin)).ok
    either.slack.wait_until(lambda: either.state() is RequestState.APPROVED)
    either.town.settles()

    either.slack.wait_until(lambda: "Limit lifted to $120 ✓" in says(tom))
    assert "Approved by <@U0FIN>" in either.card().text
    assert "Your open requests" not in says(tom)
    either.slack.wait_until(lambda: "Waiting for your decision" not in says(fin))


@one_way
@pytest.mark.parametrize(
    ("action", "form", "values", "state"),
    [
        ("request:adjust", "overage_decision", {"amount": "15"}, RequestState.APPROVED),
        ("request:deny", "overage_decision", {"reason": "not now"}, RequestState.DENIED),
        ("request:ask", "request_question", {"question": "why?"}, RequestState.PENDING),
    ],
)
def test_the_forms_of_those_who_decide_open_from_home(
    either: Desk, action: str, form: str, values: dict[str, str], state: RequestState
) -> None:
    """Less, no and a question each have a form, and what is sent with it counts."""
    either.asks("20")
    fin = opens(either, "fin")
    assert fin.presses(action, home_of(fin)).ok
    assert either.slack.wait_until(fin.view).callback_id == form
    assert either.submits(fin, **values).ok
    either.town.settles()

    either.slack.wait_until(lambda: either.state() is state)
    asked_no_more = state is not RequestState.PENDING
    either.slack.wait_until(lambda: asked_no_more != ("request:approve" in offers(fin)))
    either.slack.wait_until(lambda: asked_no_more or "1 question" in either.card().text)


@one_way
def test_a_request_is_changed_and_withdrawn_from_home(either: Desk) -> None:
    """By whoever asked; the approver's tab shows what it is now, and then that nothing waits."""
    either.asks("20")
    tom, fin = opens(either, "tom"), opens(either, "fin")
    assert tom.presses("request:amend", home_of(tom)).ok
    either.slack.wait_until(tom.view)
    assert either.submits(tom, amount="15").ok
    either.slack.wait_until(lambda: "asks for $15 more" in says(fin))
    either.slack.wait_until(lambda: "$15 more for Search ranking" in says(tom))
    assert tom.presses("request:withdraw", home_of(tom)).ok
    either.slack.wait_until(lambda: either.state() is RequestState.WITHDRAWN)
    either.town.settles()

    either.slack.wait_until(lambda: "Waiting for your decision" not in says(fin))
    either.slack.wait_until(lambda: "Your open requests" not in says(tom))


@one_way
@pytest.mark.parametrize("name", ["dana", "fin", "tom", "lee"])
def test_who_may_end_an_exception_ends_it_from_home(either: Desk, name: str) -> None:
    """Owner, backup, approver, and whoever asked; the button is gone afterwards, for everybody."""
    either.asks("20")
    person, fin = opens(either, name), opens(either, "fin")
    fin.presses("request:approve", home_of(fin))
    either.slack.wait_until(lambda: either.state() is RequestState.APPROVED)
    either.town.goes_to("2026-11-02 11:05")
    assert person.presses("exception:end", home_of(person)).ok
    either.town.settles()

    either.slack.wait_until(lambda: "exception:end" not in offers(person))
    either.slack.wait_until(lambda: "exception:end" not in offers(fin))
    assert f"ended early by <@U0{name.upper()}>" in either.card().text


@one_way
def test_an_answer_to_a_press_on_home_is_a_dm(either: Desk) -> None:
    """There is no channel to whisper in, and an old tab still gets an answer."""
    either.asks("20")
    fin = opens(either, "fin")
    old = home_of(fin)
    fin.presses("request:approve", old)
    either.slack.wait_until(lambda: either.state() is RequestState.APPROVED)
    either.town.settles()
    assert fin.presses("request:approve", old).ok
    either.slack.wait_until(lambda: "already" in fin.dms()[-1].text.lower())

    assert [] == fin.ephemerals()


def test_a_stale_press_by_somebody_else_is_refused_in_words(spent: Desk) -> None:
    """What stood on an old tab is judged by what is true now."""
    lee = opens(spent, "lee")
    dana = opens(spent, "dana")
    old = home_of(lee)
    dana.presses("limit:hold", home_of(dana))
    spent.slack.wait_until(lambda: "has held it off once" in says(dana))
    assert lee.presses("limit:hold", old).ok

    spent.slack.wait_until(lambda: any("has held it off already" in m.text for m in lee.dms()))
