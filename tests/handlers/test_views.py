"""Forms: errors stand beside the field, a replay changes nothing, and nothing closes silently."""

from typing import Any

import pytest

from bot.domain.overages import RequestState
from bot.flows import alerts, overages
from bot.sandbox.slack import View
from handlers.errors import SORRY
from tests.handlers.desk import APPROVALS, Desk
from tests.test_manifest import registered

PENDING = RequestState.PENDING


def asking(desk: Desk, who: str = "tom") -> View:
    """The form to ask for more for search, open on somebody's screen."""
    person = desk.person(who)
    assert person.types("/budget request search").ok
    return desk.slack.wait_until(person.view)


def denying(desk: Desk, who: str = "fin") -> View:
    """The form to deny Tom's request."""
    desk.asks()
    return desk.form(desk.person(who), "request:deny", desk.card())


def test_every_registered_form_is_tested_here() -> None:
    """A new form has to be added to these tests."""
    names = [name for name in registered()["view"] if isinstance(name, str)]

    elsewhere = ["break_glass", "request_answer", "request_question"]  # test_glass, test_deciding
    elsewhere += ["increase_approval", "increase_denial"]  # test_increases
    here = ["alert_answer", "overage_decision", "overage_request"]
    assert sorted([*here, *elsewhere]) == sorted(names)


# Asking for more.


def test_a_mistake_is_told_beside_its_field(desk: Desk) -> None:
    """What is wrong and what would do; the form keeps what was written."""
    tom = desk.person("tom")
    asking(desk)

    for values, field, text in (
        ({"amount": "abc", "reason": "launch"}, "amount", "“abc” is not an amount in dollars"),
        ({"amount": "99,90"}, "amount", "“99,90” is not an amount"),
        ({"amount": "50.01"}, "amount", "The policy allows at most $50 more"),
        ({"amount": "20", "reason": " \n "}, "reason", "Say in a few words what it is for"),
        ({"reason": "x", "ends_at": "2026-11-01"}, "ends_at", "has to lie in the future"),
        ({"ends_at": "2026-12-24"}, "ends_at", "the latest end is Mon 16 Nov 2026."),
        ({"ends_at": "9999-12-31"}, "ends_at", "the latest end is Mon 16 Nov 2026."),
    ):
        answer = desk.submits(tom, **values)
        assert [field] == list(answer.errors)
        assert text in answer.errors[field]
        assert tom.view() is not None
    assert [] == desk.requests()
    assert desk.submits(tom, ends_at="2026-11-05").ok
    assert None is tom.view()
    assert 1 == len(desk.requests())


UNCHECKED: list[tuple[str, dict[str, str | None], str]] = [
    ("budget", {"selected_option": None}, "There is no budget"),
    ("amount", {"value": None}, "is not an amount"),
    ("amount", {"value": "9" * 10_000}, "is not an amount"),
    ("reason", {"value": "x" * 1_001}, "At most 1000 characters"),
    ("ends_at", {"selected_date": "31.12.2026"}, "Pick a day."),
]


def test_a_form_that_slack_did_not_check_is_checked(desk: Desk) -> None:
    """Whatever a signed payload holds, the answer is a word beside the field."""
    tom = desk.person("tom")
    view = asking(desk)
    assert desk.submits(tom, amount="abc", reason="launch").errors
    entered: dict[str, Any] = view.values
    entered |= {"amount": {"amount": {"value": "20"}}, "reason": {"reason": {"value": "launch"}}}
    options = [{"selected_option": {"value": name}} for name in ("serch", "unattributed")]
    unknown = [("budget", option, "") for option in options]

    for field, value, text in [*UNCHECKED, *unknown]:
        values = {**entered, field: {field: value}}
        ack = desk.sent_again("view_submission", view__state={"values": values})
        assert (200, "errors") == (ack.status, ack.body["response_action"])
        assert [field] == list(ack.body["errors"])
        assert text in ack.body["errors"][field]
    assert [] == desk.requests()


def test_a_submission_that_arrives_twice_is_one_request(desk: Desk) -> None:
    """The same view is the same request, even with another amount in it; both are acknowledged."""
    tom = desk.person("tom")
    asking(desk)
    assert desk.submits(tom, amount="20", reason="launch").ok
    again = desk.sent_again("view_submission")
    changed = desk.sent_again(
        "view_submission", view__state__values__amount={"amount": {"value": "30"}}
    )
    desk.town.settles()

    assert [(200, {}), (200, {})] == [(ack.status, ack.body) for ack in (again, changed)]
    assert ["20000000"] == [str(request.amount) for request in desk.requests()]
    assert 1 == len(desk.slack.channel(APPROVALS).messages())


def test_a_failure_keeps_the_form_open(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written is not lost, and nobody believes that it was sent."""
    tom = desk.person("tom")
    asking(desk)
    monkeypatch.setattr(overages, "ask", lambda *_, **__: 1 / 0)
    answer = desk.submits(tom, amount="20", reason="launch")
    view = tom.view()

    assert {"budget": SORRY} == answer.errors
    assert view is not None
    assert "launch" == view.values["reason"]["reason"]["value"]
    monkeypatch.undo()
    assert tom.submits().ok
    assert 1 == len(desk.requests())


# Denying.


def test_a_denial_needs_a_reason(desk: Desk) -> None:
    """A blank is none; the requester reads what is given."""
    fin = desk.person("fin")
    denying(desk)
    answer = desk.submits(fin, reason=" \n ")

    assert {"reason": "Say in a few words why; the requester reads it."} == answer.errors
    assert PENDING is desk.state()
    assert desk.submits(fin, reason="batch it <!here>").ok
    desk.slack.wait_until(lambda: desk.state() is RequestState.DENIED)
    desk.town.settles()
    assert "Denied by <@U0FIN>" in desk.card().text
    assert "Reason given: batch it &lt;!here&gt;" in desk.person("tom").dms()[-1].text


def test_a_denial_that_comes_too_late_is_told(desk: Desk) -> None:
    """Somebody approved while the form was open; the form says who."""
    fin = desk.person("fin")
    denying(desk)
    fin.presses("request:approve", desk.card())
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)
    answer = desk.submits(fin, reason="batch it")

    assert "Request #1 was approved already by <@U0FIN>" in answer.errors["reason"]
    assert RequestState.APPROVED is desk.state()


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("tom", "nobody decides their own request."),
        ("dana", "you are not on the list of people who may decide this request."),
    ],
)
def test_a_denial_by_somebody_who_may_not_is_told_in_the_dm(desk: Desk, who: str, why: str) -> None:
    """A form has no place for an answer once it is closed."""
    person = desk.person(who)
    denying(desk, who)
    assert desk.submits(person, reason="no").ok
    desk.slack.wait_until(lambda: why in person.dms()[-1].text)

    assert PENDING is desk.state()


def test_a_stranger_who_denies_is_told_where_they_pressed(desk: Desk) -> None:
    """Nobody from another workspace has a DM with the bot, and silence is no answer."""
    desk.asks()
    sam = desk.newcomer("sam", "stranger")
    desk.form(sam, "request:deny", desk.card())
    assert desk.submits(sam, reason="no").ok
    desk.slack.wait_until(sam.ephemerals)

    assert "Request #1: only members of this workspace can decide." == sam.ephemerals()[-1].text
    assert PENDING is desk.state()


def test_a_failure_after_the_form_is_told_in_the_dm(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form is closed by then, and the ack stands."""
    fin = desk.person("fin")
    denying(desk)
    monkeypatch.setattr(overages, "decide", lambda *_, **__: 1 / 0)
    assert desk.submits(fin, reason="no").ok

    desk.slack.wait_until(lambda: fin.dms()[-1].text == SORRY)


def test_a_denial_of_nothing_is_told(desk: Desk) -> None:
    """A form whose request is not known says so, whatever it carries."""
    fin = desk.person("fin")
    denying(desk)
    assert desk.submits(fin, reason=" ").errors
    reason = {"reason": {"reason": {"value": "no"}}}

    for carried, expected in (("99", "not known"), ("", "not known"), ("garbage", "not known")):
        ack = desk.sent_again(
            "view_submission", view__private_metadata=carried, view__state={"values": reason}
        )
        assert (200, ["reason"]) == (ack.status, list(ack.body["errors"]))
        assert expected in ack.body["errors"]["reason"]
    assert PENDING is desk.state()


# Answering an alert.


def test_a_word_is_added_to_an_answer(desk: Desk) -> None:
    """It stands in the message; only whoever answered can add it."""
    dana = desk.person("dana")
    desk.form(dana, "alert:ack", desk.alert())
    assert desk.submits(dana, note="moving to *Haiku* <!here>").ok
    desk.town.settles()

    assert "<@U0DANA> is on it" in desk.alert().text
    assert "“moving to *Haiku* &lt;!here&gt;”" in desk.alert().text
    ack = desk.sent_again("view_submission", user__id="U0LEE")
    assert {"note": "Only whoever answered can add to the answer."} == ack.body["errors"]


def test_a_word_that_cannot_be_added_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form stays open, beside its field stands why."""
    dana = desk.person("dana")
    desk.form(dana, "alert:ack", desk.alert())
    monkeypatch.setattr(alerts, "add_note", lambda *_, **__: 1 / 0)

    assert {"note": SORRY} == desk.submits(dana, note="batch").errors
    monkeypatch.undo()
    assert dana.submits().ok


def test_a_plan_has_a_day(desk: Desk) -> None:
    """At most the period's last one, and not over; the message says until when."""
    dana = desk.person("dana")
    view = desk.form(dana, "alert:planned", desk.alert())
    assert "2026-11-09" == view.values["until"]["until"]["selected_date"]
    assert desk.alert().buttons()[0][0] == "alert:ack"  # not answered yet

    for day, text in (
        ("2026-11-01", "That day is over; pick one to come."),
        ("2026-12-01", "The period ends on Mon 30 Nov; pick a day up to then."),
        ("9999-12-31", "The period ends on Mon 30 Nov; pick a day up to then."),
    ):
        assert {"until": text} == desk.submits(dana, until=day).errors
    assert desk.submits(dana, until="2026-11-06", note="load test <!here>").ok
    desk.town.settles()
    assert "<@U0DANA> says this is planned (Mon 2 Nov 11:00), until the end of Fri 6 Nov." in (
        desk.alert().text
    )
    assert "“load test &lt;!here&gt;”" in desk.alert().text


def test_a_plan_that_slack_did_not_check_is_checked(desk: Desk) -> None:
    """Whatever a signed payload holds, the answer is a word beside the field."""
    dana = desk.person("dana")
    desk.form(dana, "alert:planned", desk.alert())
    assert desk.submits(dana, until="2026-11-01").errors

    for day, text in ((None, "Pick the last day"), ("soon", "Pick a day.")):
        values = {"until": {"until": {"selected_date": day}}, "note": {"note": {"value": None}}}
        ack = desk.sent_again("view_submission", view__state={"values": values})
        assert (200, ["until"]) == (ack.status, list(ack.body["errors"]))
        assert text in ack.body["errors"]["until"]
    friday = {"until": {"until": {"selected_date": "2026-11-06"}}}
    ack = desk.sent_again(
        "view_submission", view__private_metadata="99 plan", view__state={"values": friday}
    )
    assert "This alert is not known any more." in ack.body["errors"]["until"]


def test_a_plan_that_comes_too_late_is_told(desk: Desk) -> None:
    """Somebody answered while the form was open; the form says who."""
    dana, lee = desk.person("dana"), desk.person("lee")
    desk.form(dana, "alert:planned", desk.alert())
    lee.presses("alert:ack", desk.button("alert:ack", "1"))
    desk.slack.wait_until(lambda: "<@U0LEE> is on it" in desk.alert().text)

    told = desk.submits(dana, until="2026-11-06").errors
    assert {"until": "<@U0LEE> answered this already (Mon 2 Nov 11:00)."} == told


def test_a_form_nobody_knows_is_answered(desk: Desk) -> None:
    """One from an older version closes, and the person is told."""
    tom = desk.person("tom")
    asking(desk)
    assert desk.submits(tom, amount="abc", reason="launch").errors
    ack = desk.sent_again("view_submission", view__callback_id="budget_wizard")

    assert (200, {}) == (ack.status, ack.body)
    told = "This form was from an older version. Type `/budget` instead."
    desk.slack.wait_until(lambda: [told] == [message.text for message in tom.dms()])
