"""Buttons: every click is answered, whatever the state of the thing it is about."""

from threading import Thread

import pytest

from bot.domain.overages import RequestState
from bot.flows import alerts, exceptions, graces, increases, overages, status
from bot.render.overage_modal import LIVE
from bot.sandbox.slack import Person
from handlers.actions import NOTED
from handlers.errors import SORRY
from handlers.replies import LATE
from tests.handlers.desk import Desk
from tests.story.town import POLICY
from tests.test_manifest import registered

GONE_ALERT = "This alert is not known any more."
GONE_REQUEST = "This request is not known any more."
GONE_INCREASE = "This increase request is not known any more."
NO_BUDGET = "There is no budget “"
ANSWERS = {
    "alert:ack": GONE_ALERT,
    "alert:planned": GONE_ALERT,
    "alert:request": GONE_ALERT,
    "alert:useful": GONE_ALERT,
    "alert:noise": GONE_ALERT,
    "alert:break_glass": GONE_ALERT,
    "request:open": NO_BUDGET,
    "request:approve": GONE_REQUEST,
    "request:adjust": GONE_REQUEST,
    "request:deny": GONE_REQUEST,
    "request:ask": GONE_REQUEST,
    "request:answer": GONE_REQUEST,
    "request:amend": GONE_REQUEST,
    "request:withdraw": GONE_REQUEST,
    "limit:now": GONE_ALERT,
    "limit:hold": GONE_ALERT,
    "increase:approve": GONE_INCREASE,
    "increase:deny": GONE_INCREASE,
    "exception:end": "This exception is not known any more.",
}
GARBAGE = [
    "",
    "0",
    "-1",
    "²",
    "7",
    "999999999",
    "9999999999",
    "999999999999999",
    "1; DROP",
    "<!here>",
]
PENDING = RequestState.PENDING
DECIDING = ("request:approve", "request:adjust", "request:deny", "request:ask")


def test_every_registered_button_is_in_the_table() -> None:
    """A new button has to say what it answers to a value it does not know."""
    names = [name for name in registered()["action"] if isinstance(name, str)]

    assert sorted(names) == sorted([*ANSWERS, *LIVE])  # the fields of a form: test_changing.py


def test_a_value_that_nobody_made_is_answered(both_desks: Desk) -> None:
    """An old, foreign or garbled id says that the thing is not known; it is no failure of ours."""
    desk, tom = both_desks, both_desks.person("tom")

    for action_id, expected in ANSWERS.items():
        for value in GARBAGE:
            told = desk.told(tom, action_id, desk.button(action_id, value))
            assert told.startswith(expected), (action_id, value, told)
            assert "<!" not in told
    assert [] == desk.requests()
    assert None is tom.view()


def test_a_button_without_a_value_is_answered(desk: Desk) -> None:
    """Slack leaves the value out when there is none."""
    tom = desk.person("tom")

    for action_id, expected in ANSWERS.items():
        assert desk.told(tom, action_id, desk.button(action_id, None)).startswith(expected)


def test_a_button_nobody_knows_is_answered(desk: Desk) -> None:
    """From an older or a newer version; the command still works."""
    tom = desk.person("tom")

    for action_id in ("alert:levers", "exception:start", "x", "😀"):
        told = desk.told(tom, action_id, desk.button(action_id, "1"))
        assert "This button is from an older message. Type `/budget` instead." == told


def test_the_nearest_budget_is_named(desk: Desk) -> None:
    """A budget that was renamed is found again."""
    told = desk.told(desk.person("tom"), "request:open", desk.button("request:open", "serch"))

    assert "Did you mean `search`?" in told


# Who may decide.


def test_who_may_not_decide_is_told_why(desk: Desk) -> None:
    """Guest, stranger, requester, anybody not on the list: a sentence each, and nothing is decided."""
    desk.asks()
    guest, stranger = desk.newcomer("gus", "guest"), desk.newcomer("sam", "stranger")
    why = {
        guest: "Request #1: a guest cannot decide.",
        stranger: "Request #1: only members of this workspace can decide.",
        desk.person("tom"): "Request #1: nobody decides their own request.",
        desk.person("dana"): "Request #1: you are not on the list of people who may decide this "
        "request. Who may: finance.",
    }

    for person, text in why.items():
        assert text == desk.told(person, "request:approve", desk.card())
    assert PENDING is desk.state()
    assert 100 == desk.town.limit_at_gateway()


def test_somebody_who_left_decides_nothing(desk: Desk) -> None:
    """An account that was deactivated after the card was posted is refused at the click."""
    desk.asks()
    desk.told(desk.person("dana"), "request:approve", desk.card())
    fin = desk.person("fin")
    desk.slack.deactivate(fin)
    ack = desk.sent_again("block_actions", user__id=fin.id)
    desk.slack.wait_until(lambda: len(desk.slack.calls("users.info")) > 2)

    assert 200 == ack.status
    assert PENDING is desk.state()


def test_a_list_of_guests_decides_nothing(desk: Desk) -> None:
    """Being on the list is not enough: Fin became a guest."""
    desk.asks()
    fin = desk.person("fin")
    desk.slack._replace_kind(fin, "guest")

    assert "Request #1: a guest cannot decide." == desk.told(fin, "request:approve", desk.card())
    assert PENDING is desk.state()


def test_slack_that_does_not_say_who_it_is_decides_nothing(desk: Desk) -> None:
    """Without an answer from Slack the click is told to come back, and then it counts."""
    desk.asks()
    fin = desk.person("fin")
    desk.slack.faults.add("users.info", "status", times=None)
    told = desk.told(fin, "request:approve", desk.card())

    assert told.startswith("Slack did not tell who you are, so nothing was decided.")
    assert PENDING is desk.state()
    desk.slack.faults.clear()
    fin.presses("request:approve", desk.card())
    desk.slack.wait_until(lambda: desk.town.limit_at_gateway() == 120)
    assert RequestState.APPROVED is desk.state()


def test_a_request_is_decided_once(desk: Desk) -> None:
    """Whoever comes later, with whatever button of an old copy, is told who decided and when."""
    desk.asks()
    fin, tom, old = desk.person("fin"), desk.person("tom"), desk.card()
    receipt = [m for m in tom.dms() if m.buttons()][-1]
    fin.presses("request:approve", old)
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)

    for person, action_id, message in (
        (fin, "request:approve", old),
        (fin, "request:deny", old),
        (fin, "request:adjust", old),
        (fin, "request:ask", old),
        (desk.person("dana"), "request:approve", old),
        (tom, "request:withdraw", receipt),
    ):
        told = desk.told(person, action_id, message)
        assert "Request #1 was approved already by <@U0FIN>, Mon 2 Nov 11:00." == told
        assert None is person.view()


def test_many_clicks_at_once_are_one_decision(desk: Desk) -> None:
    """Twelve clicks in the same moment: one exception, and every ack in time."""
    desk.asks()
    fin, old, acks = desk.person("fin"), desk.card(), []
    threads = [
        Thread(target=lambda: acks.append(fin.presses("request:approve", old))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.slack.wait_until(lambda: desk.town.limit_at_gateway() == 120)
    desk.slack.wait_until(lambda: len(fin.ephemerals()) == 11)

    assert [(200, None)] * 12 == [(ack.status, ack.warning) for ack in acks]
    assert 1 == len(desk.requests())
    assert {"Request #1 was approved already by <@U0FIN>, Mon 2 Nov 11:00."} == {
        message.text for message in fin.ephemerals()
    }


def test_an_expired_request_says_so(desk: Desk) -> None:
    """Before its message was brought up to date as well as after."""
    request = desk.asks()
    fin, old = desk.person("fin"), desk.card()
    desk.town.clock.to(request.expires_at)

    for action_id in (*DECIDING, "request:withdraw"):
        told = desk.told(fin, action_id, desk.button(action_id, "1"))
        assert told.startswith("Request #1 expired Tue 3 Nov 11:00.")
    desk.town.turn()
    told = desk.told(fin, "request:approve", old)
    assert "Request #1 was expired already, Tue 3 Nov 11:00." == told


def test_only_the_requester_withdraws(desk: Desk) -> None:
    """And every copy shows it."""
    desk.asks()
    tom, dana = desk.person("tom"), desk.person("dana")
    stolen = desk.button("request:withdraw", "1")
    told = desk.told(dana, "request:withdraw", stolen)

    assert "Only whoever asked can withdraw a request." == told
    assert PENDING is desk.state()
    tom.presses("request:withdraw", [m for m in tom.dms() if m.buttons()][-1])
    desk.slack.wait_until(lambda: desk.state() is RequestState.WITHDRAWN)
    desk.town.settles()
    assert "Withdrawn by <@U0TOM>" in desk.card().text
    assert [] == desk.card().buttons()


def test_a_budget_that_left_the_policy_is_told(desk: Desk) -> None:
    """Old messages outlive the policy file; their buttons say what happened."""
    desk.asks()
    alert, card = desk.alert(), desk.card()
    desk.town.write_policy(POLICY.replace("id: search", "id: ranking"))
    desk.town.restart_bot()
    dana, fin, tom = desk.person("dana"), desk.person("fin"), desk.person("tom")

    told = desk.told(dana, "alert:request", alert)
    assert told.startswith("There is no budget “search”.")
    told = desk.told(fin, "request:approve", card)
    assert "This budget is no longer in the policy file; the request cannot be decided." == told
    assert PENDING is desk.state()
    tom.presses("request:withdraw", desk.button("request:withdraw", "1"))
    desk.slack.wait_until(lambda: desk.state() is RequestState.WITHDRAWN)


# Alerts.


def test_the_first_answer_to_an_alert_counts(desk: Desk) -> None:
    """The others are told who answered, also with another button of an old copy."""
    dana, lee, alert = desk.person("dana"), desk.person("lee"), desk.alert()
    desk.form(dana, "alert:ack", alert)
    copy = desk.button("alert:planned", "1")

    for person, action_id, message in (
        (dana, "alert:ack", alert),
        (dana, "alert:planned", alert),
        (lee, "alert:planned", copy),
    ):
        told = desk.told(person, action_id, message)
        assert "<@U0DANA> answered this already (Mon 2 Nov 11:00)." == told


def test_an_outsider_does_not_answer_an_alert(desk: Desk) -> None:
    """Slack Connect lets strangers press; the alert stays open."""
    sam = desk.newcomer("sam", "stranger")
    told = desk.told(sam, "alert:ack", desk.button("alert:ack", "1"))

    assert "Only members of this workspace can answer alerts." == told
    assert desk.alert().buttons()


def test_an_alert_is_judged_once_after_its_answer(desk: Desk) -> None:
    """The buttons come with the answer; the first word counts, and every copy shows it."""
    dana, lee = desk.person("dana"), desk.person("lee")
    assert "alert:useful" not in [button[0] for button in desk.alert().buttons()]
    desk.form(dana, "alert:ack", desk.alert())
    dana.closes()
    desk.town.settles()
    answered = desk.alert()
    assert ["alert:request", "alert:useful", "alert:noise"] == [b[0] for b in answered.buttons()]
    dana.presses("alert:noise", answered)
    desk.slack.wait_until(lambda: "👎 noise, says <@U0DANA>." in desk.alert().text)

    assert ["alert:request"] == [button[0] for button in desk.alert().buttons()]
    told = desk.told(lee, "alert:useful", desk.button("alert:useful", "1"))
    assert "<@U0DANA> said so already." == told


def test_an_outsider_judges_no_alert_and_plans_nothing(desk: Desk) -> None:
    """What they press is answered, and nothing is recorded."""
    sam = desk.newcomer("sam", "stranger")

    for action_id in ("alert:planned", "alert:useful", "alert:noise"):
        told = desk.told(sam, action_id, desk.button(action_id, "1"))
        assert "Only members of this workspace can answer alerts." == told
    assert None is sam.view()


def test_asking_for_more_opens_the_form_for_that_budget(desk: Desk) -> None:
    """From the alert and from the status alike; from a budget without a limit it is told."""
    dana = desk.person("dana")
    message = dana.types("/budget status growth").message
    assert message is not None

    for action_id, shown, budget in (
        ("alert:request", desk.alert(), "search"),
        ("request:open", message, "growth"),
    ):
        view = desk.form(dana, action_id, shown)
        assert budget == view.values["budget"]["budget"]["selected_option"]["value"]
        dana.closes()
    told = desk.told(dana, "request:open", desk.button("request:open", "unattributed"))
    assert "Unattributed has no limit that could be raised." == told


def test_a_click_whose_form_does_not_open_is_told(desk: Desk) -> None:
    """To press again; but an answer to an alert is noted by the click itself, and says so."""
    desk.asks()
    dana, fin = desk.person("dana"), desk.person("fin")

    for person, action_id, message, expected in (
        (dana, "alert:request", desk.alert(), LATE),
        (dana, "alert:planned", desk.alert(), LATE),
        (fin, "request:deny", desk.card(), LATE),
        (dana, "alert:ack", desk.alert(), NOTED),
    ):
        desk.slack.faults.add("views.open", "error", error="expired_trigger_id")
        assert expected == desk.told(person, action_id, message)
    desk.town.settles()
    assert "<@U0DANA> is on it" in desk.alert().text
    assert PENDING is desk.state()


# When something breaks.


def test_a_failure_after_the_ack_is_one_polite_answer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flow that breaks never takes the ack with it, however soon after it that happens."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the database is on fire")

    tom = desk.person("tom")
    for flow, name in (
        (alerts, "answer"),
        (alerts, "plan_form"),
        (alerts, "judge"),
        (alerts, "budget_of"),
        (status, "find_budget"),
        (overages, "decide"),
        (overages, "adjust_form"),
        (overages, "deny_form"),
        (overages, "question_form"),
        (overages, "answer_form"),
        (overages, "change_form"),
        (overages, "withdraw"),
        (exceptions, "load_request"),
        (graces, "say"),
        (increases, "approve_form"),
        (increases, "deny_form"),
    ):
        monkeypatch.setattr(flow, name, broken)

    for action_id in ANSWERS:
        for _ in range(3):
            assert SORRY == desk.told(tom, action_id, desk.button(action_id, "1"))


def test_when_the_response_url_fails_there_is_a_second_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes as an ephemeral message instead."""
    tom: Person = desk.person("tom")
    monkeypatch.setattr("slack_bolt.Respond.__call__", lambda *_, **__: 1 / 0)
    told = desk.told(tom, "x", desk.button("x", "1"))

    assert "This button is from an older message. Type `/budget` instead." == told
    assert 1 == len(desk.slack.calls("chat.postEphemeral"))


def test_when_nothing_can_be_answered_the_ack_stands(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack refuses every way of answering; the click is acknowledged all the same."""
    monkeypatch.setattr("slack_bolt.Respond.__call__", lambda *_, **__: 1 / 0)
    desk.slack.faults.add("chat.postEphemeral", "error", times=None, error="channel_not_found")
    tom, button = desk.person("tom"), desk.button("x", "1")

    for _ in range(10):
        answer = tom.presses("x", button)
        assert (200, None) == (answer.status, answer.warning)


def test_in_socket_mode_it_is_the_same(socket_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command, a click, a form, an unknown button, a failure: all acknowledged and answered."""
    desk = socket_desk
    tom, fin = desk.person("tom"), desk.person("fin")

    assert "Did you mean `/budget status`?" in tom.types("/budget stauts").text
    assert "older message" in desk.told(tom, "x", desk.button("x", "1"))
    assert tom.types("/budget request search").ok
    desk.slack.wait_until(tom.view)
    assert {"amount"} == set(desk.submits(tom, amount="abc", reason="launch").errors)
    assert desk.submits(tom, amount="20").ok
    desk.town.settles()
    desk.form(fin, "request:deny", desk.card())
    assert desk.submits(fin, reason="batch it").ok
    desk.slack.wait_until(lambda: desk.state() is RequestState.DENIED)
    monkeypatch.setattr(overages, "decide", lambda *_, **__: 1 / 0)
    assert SORRY == desk.told(fin, "request:approve", desk.button("request:approve", "1"))
    monkeypatch.setattr(status, "status", lambda *_, **__: 1 / 0)
    assert SORRY == tom.types("/budget").text
