"""`/budget …`: whatever is typed gets an answer that helps, and only the person sees it."""

import pytest

from bot.flows import overages, status
from bot.sandbox.slack import View
from handlers.errors import SORRY
from handlers.replies import LATE
from tests.handlers.desk import Desk


def test_what_is_typed_is_answered(desk: Desk) -> None:
    """The words that are known, in any case, and help for all the others."""
    tom, dana = desk.person("tom"), desk.person("dana")

    for typed, expected in {
        "": "Acme: all budgets, as of",
        "status": "Growth (growth): $0 of $300 (0 %)",
        "status all": "Platform (platform): $81 of $1,000 (8 %)",
        "status search": "Search ranking: spent $81 of $100 (81 %)",
        "STATUS  Search Ranking": "Search ranking: spent $81 of $100 (81 %)",
        "status unattributed": "Unattributed: spent $0 (no limit)",
        "status serch": "There is no budget “serch”. Did you mean `search`?",
        "status zzz": "There is no budget “zzz”. Known: `platform`, `search`, `growth`",
        "help": "`/budget request BUDGET AMOUNT REASON` in one line",
        "stauts": "I don't know “stauts”. Did you mean `/budget status`?",
        "reqest search 20 x": "I don't know “reqest”. Did you mean `/budget request`?",
        "delegat @lee until Friday": "Did you mean `/budget delegate`?",
        "delegate": "Your alerts come to you. When you are away: `/budget delegate @lee",
        "delegate off": "Your alerts come to you.",
        "delegate lee until Friday": "Choose a person that Slack offers after the @.",
        "delegate @nobody until Friday": "Choose a person that Slack offers after the @.",
        "delegate @lee": "Until when? Write it like `delegate @lee until Friday`",
        "delegate @lee until": "Until when?",
        "delegate @lee until someday": "This is no day that I know.",
        "delegate @lee until 2026-02-30": "This is no day that I know.",
        "delegate @lee until 2026-11-01": "That day is over.",
        "delegate @lee until 9999-12-31": "That is more than a year",
        "delegate @tom until Friday": "You get your alerts already; choose somebody else.",
        "delegate @guest until Friday": "A guest cannot get alerts.",
        "delegate <@U0NOBODY> until Friday": "Slack does not know that person",
        "frobnicate": "I don't know “frobnicate”.\n`/budget status` your budgets",
        "request serch 20 x": "Did you mean `search`?",
        "request search abc launch": "“abc” is not an amount in dollars, like 500 or 1,500.00.",
        "request search 99,90 launch": "“99,90” is not an amount in dollars",
        "request search 50.01 launch": "The policy allows at most $50 more for Search ranking",
        "request unattributed 5 x": "Unattributed has no limit that could be raised.",
    }.items():
        answer = tom.types(f"/budget {typed}")
        assert (200, None, "ephemeral") == (
            answer.status,
            answer.warning,
            answer.body["response_type"],
        )
        assert expected in answer.text, typed
    assert "Your budgets, as of" in dana.types("/budget").text
    assert "Platform" not in dana.types("/budget status").text
    assert [] == desk.requests()


NONSENSE = [
    "<!channel>",
    "status <!everyone>",
    "request <https://evil.example.com|search> 20 x",
    "request search <!here> x",
    "request search *20* <!here>",
    "x" * 3_000,
    "status " + "x" * 3_000,
    "request search " + "9" * 3_000 + " x",
    "\u202e status",
    "status \x00",
    "😀",
]


def test_nonsense_is_answered_without_being_repeated_as_markup(desk: Desk) -> None:
    """Nothing that is typed becomes a mention or a link in the answer, or breaks it."""
    for typed in NONSENSE:
        answer = desk.person("tom").types(f"/budget {typed}")
        assert (200, None) == (answer.status, answer.warning)
        assert answer.message is not None
        assert answer.text != SORRY
        read = answer.message.all_text()
        assert not any(mark in read for mark in ("<!", "<http", "<@"))


def test_all_in_one_line_is_a_request(desk: Desk) -> None:
    """Budget, amount and a reason of many words need no form; the receipt is the answer."""
    answer = desk.person("tom").types("/budget request search 20 reason in *one* line & more")
    desk.town.settles()
    (request,) = desk.requests()

    assert "Overage request #1: $20 more for Search ranking" in answer.text
    assert "Decided by finance." in answer.text
    assert ("U0TOM", "reason in *one* line & more") == (request.requester, request.reason)
    assert "reason in *one* line &amp; more" in desk.card().text


def test_a_command_that_arrives_twice_is_one_request(desk: Desk) -> None:
    """The same trigger makes nothing new, and gets the same answer."""
    desk.asks()
    again = desk.sent_again("slash_commands")

    assert 200 == again.status
    assert "Overage request #1:" in again.body["text"]
    assert 1 == len(desk.requests())


PREFILLED = [
    ("request", "tom", "platform", None),
    ("request", "dana", "search", None),
    ("request growth", "tom", "growth", None),
    ("request search 20", "tom", "search", "20"),
    ("request search abc", "tom", "search", "abc"),
    ("request search " + "9" * 3_000, "tom", "search", "9" * 40),
]


def test_what_is_missing_is_asked_for_in_a_form(desk: Desk) -> None:
    """The form begins with what was typed, and with one's own budget."""
    for typed, who, budget, amount in PREFILLED:
        person = desk.person(who)
        assert person.types(f"/budget {typed}").ok
        view: View = desk.slack.wait_until(person.view)
        assert "overage_request" == view.callback_id
        assert budget == view.values["budget"]["budget"]["selected_option"]["value"]
        assert amount == view.values["amount"]["amount"]["value"]
        person.closes()


TOO_LATE = ("expired_trigger_id", "exchanged_trigger_id", "internal_error")


def test_a_form_that_does_not_open_is_told(desk: Desk) -> None:
    """Slack gives three seconds; too late is told with what to do, and so is a refusal."""
    tom = desk.person("tom")
    for error, told in [
        *((error, LATE) for error in TOO_LATE),
        ("ratelimited", LATE),
        ("view_too_large", SORRY),
    ]:
        desk.slack.faults.add("views.open", "error", error=error)
        answer = tom.types("/budget request search")
        desk.slack.wait_until(lambda answer=answer: answer.later())  # type: ignore[misc]
        assert [told] == [message.text for message in answer.later()]

    assert "press or type it again" in LATE


def test_a_failure_is_one_polite_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that breaks costs the person a sentence, not Slack's error."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the database is on fire")

    tom = desk.person("tom")
    monkeypatch.setattr(status, "status", broken)
    monkeypatch.setattr(overages, "ask", broken)
    monkeypatch.setattr(overages, "request_form", broken)

    for typed in ("status", "request search 20 launch", "request"):
        answer = tom.types(f"/budget {typed}")
        assert (200, None, SORRY) == (answer.status, answer.warning, answer.text)
    assert "on fire" not in SORRY


def test_slack_that_does_not_know_the_person_is_no_obstacle(desk: Desk) -> None:
    """Asking works while Slack cannot say who somebody is; only deciding does not."""
    desk.slack.faults.add("users.info", "status", times=None)

    assert "Acme: all budgets" in desk.person("tom").types("/budget").text
    desk.asks()
    assert "U0TOM" == desk.requests()[0].requester


def test_alerts_are_delegated_in_one_line(desk: Desk) -> None:
    """Until a weekday or a date; shown, changed, ended, and both are told each time."""
    dana, told = desk.person("dana"), len(desk.person("lee").dms())
    until = "Until the end of Fri 6 Nov your alerts go to <@U0LEE>, who may answer them."

    assert until in dana.types("/budget delegate @lee until Friday").text
    assert until in dana.types("/budget delegate").text
    desk.town.settles()
    assert until in dana.dms()[-1].text
    lees = [message.text for message in desk.person("lee").dms()[told:]]
    assert ["<@U0DANA> is away: until the end of Fri 6 Nov you get their alerts, and"] == [
        text.removesuffix(" may answer them.") for text in lees
    ]
    answer = dana.types("/budget delegate <@U0FIN|fin> until 2026-12-04")
    assert "Until the end of Fri 4 Dec your alerts go to <@U0FIN>" in answer.text
    desk.town.settles()
    assert "do not come to you any more" in desk.person("lee").dms()[-1].text
    assert "Your alerts come to you again." == dana.types("/budget delegate off").text
    desk.town.settles()
    assert "do not come to you any more" in desk.person("fin").dms()[-1].text
    assert "Your alerts come to you. When" in dana.types("/budget delegate").text


def test_nobody_who_left_or_is_a_stranger_gets_alerts(desk: Desk) -> None:
    """Asked of Slack anew each time; and without its answer nothing is delegated."""
    dana = desk.person("dana")
    sam, bob = desk.newcomer("sam", "stranger"), desk.newcomer("bob", "bot")
    desk.slack.deactivate(desk.person("lee"))

    for who, why in (
        ("U0LEE", "That account is deactivated."),
        (sam.id, "Only members of this workspace can get alerts."),
        (bob.id, "A bot cannot act on alerts."),
    ):
        assert why == dana.types(f"/budget delegate <@{who}> until Friday").text
    desk.slack.faults.add("users.info", "status", times=None)
    told = dana.types("/budget delegate <@U0FIN> until Friday").text
    assert "Slack did not say who that is; please type it again in a minute." == told
    assert "Your alerts come to you." in dana.types("/budget delegate").text


def test_a_guest_sees_what_names_them(desk: Desk) -> None:
    """A contractor's dollars are everybody's; what other teams spend is not theirs."""
    guest = desk.newcomer("gus", "guest")
    for typed in ("/budget", "/budget status all", "/budget status search"):
        assert "Guests see the budgets that name them" in guest.types(typed).text
    assert "Search ranking" in desk.person("tom").types("/budget status “Search ranking”").text
