"""The form says what it buys while it is filled in, and changes a request that is open."""

from bot.domain.money import dollars
from bot.domain.overages import RequestState
from bot.flows import records
from bot.sandbox.slack import Message, Person, View
from bot.sandbox.slack.blockkit.rules import texts_of
from tests.handlers.desk import Desk


def preview(view: View | None) -> str:
    """What the form says below its fields."""
    assert view is not None
    return "\n".join(texts_of([b for b in view.blocks if b["block_id"] == "preview"]))


def says_soon(desk: Desk, who: Person, part: str) -> None:
    """Wait until the form says it."""
    desk.slack.wait_until(lambda: part in preview(who.view()))


def opened(desk: Desk, who: str = "tom") -> Person:
    """Somebody with the form for search on their screen."""
    person = desk.person(who)
    assert person.types("/budget request search").ok
    desk.slack.wait_until(person.view)
    return person


def receipt(who: Person) -> Message:
    """The receipt in the requester's DM."""
    return next(m for m in who.dms() if "request:amend" in str(m.buttons()))


def not_drawn(desk: Desk) -> list[str]:
    """Why Slack did not draw the form anew."""
    calls = desk.slack.calls("views.update")
    return [call.answer["error"] for call in calls if call.answer and not call.ok]


def test_the_form_says_what_it_buys_and_who_decides(desk: Desk) -> None:
    """With each key: the new limit, the days, the forecast, by name who decides, what is allowed."""
    tom = opened(desk)
    assert "Once there is an amount" in preview(tom.view())

    tom.fills({"amount": "5", "reason": "launch week"})
    says_soon(desk, tom, "The limit would be $105 until Mon 16 Nov")
    assert "Decided by the owner (dana)." in preview(tom.view())
    tom.fills({"amount": "20"})
    says_soon(desk, tom, "The limit would be $120")
    assert "Decided by finance (" in preview(tom.view())
    assert "The policy allows up to $50 more, for as long as Mon 16 Nov 2026." in preview(
        tom.view()
    )
    tom.fills({"ends_at": "2026-11-05"})
    says_soon(desk, tom, "until Fri 6 Nov 00:00")
    tom.fills({"budget": "growth"})
    says_soon(desk, tom, "The limit would be $320")
    assert "up to $150 more" in preview(tom.view())


def test_a_mistake_shows_in_the_preview_and_nothing_typed_is_lost(desk: Desk) -> None:
    """The words stay in their fields, whatever is wrong with one of them."""
    tom = opened(desk)
    tom.fills({"amount": "abc", "reason": "launch week"})
    says_soon(desk, tom, "“abc” is not an amount in dollars")
    tom.fills({"amount": "99"})
    says_soon(desk, tom, "The policy allows at most $50 more")
    view = tom.view()

    assert view is not None
    assert "99" == view.values["amount"]["amount"]["value"]
    assert "launch week" == view.values["reason"]["reason"]["value"]
    tom.fills({"amount": "20"})
    assert tom.submits().ok
    assert ["$20"] == [dollars(r.amount) for r in desk.requests()]


def test_what_was_seen_before_another_change_is_not_drawn(desk: Desk) -> None:
    """An answer for an older state of the form is dropped, and so is one for a closed form."""
    tom = opened(desk)
    tom.fills({"amount": "20"})
    says_soon(desk, tom, "The limit would be $120")
    typed = {"amount": {"value": "30"}}
    old = desk.sent_again(
        "block_actions", view__hash="of-yesterday", view__state__values__amount=typed
    )
    refused = desk.slack.wait_until(lambda: not_drawn(desk))
    assert ["hash_conflict"] == refused
    assert "The limit would be $120" in preview(tom.view())
    tom.closes()
    gone = desk.sent_again("block_actions")

    assert ["hash_conflict", "not_found"] == desk.slack.wait_until(
        lambda: found if len(found := not_drawn(desk)) > 1 else None
    )
    assert (200, 200) == (old.status, gone.status)
    assert None is tom.view()


def test_a_request_is_changed_and_approved_as_it_is_now(desk: Desk) -> None:
    """Every copy says what it was; the limit that is lifted is the changed one."""
    tom, fin = desk.person("tom"), desk.person("fin")
    desk.asks("20")
    old = desk.card()
    view = desk.form(tom, "request:amend", receipt(tom))
    assert "Change the request" == view.title
    assert "$20" == view.values["amount"]["amount"]["value"]
    tom.fills({"amount": "40", "reason": "launch week, twice the traffic"})
    says_soon(desk, tom, "The limit would be $140")
    assert tom.submits().ok
    desk.town.settles()

    for shown in (desk.card().text, receipt(tom).text):
        assert "Changed Mon 2 Nov 11:" in shown
        assert "was $20 until Mon 16 Nov" in shown
    assert "asks for $40 more" in desk.card().text
    assert "twice the traffic" in desk.card().text
    told = desk.told(fin, "request:approve", old)
    assert "was changed since this was shown to you: now it is for $40" in told
    fin.presses("request:approve", desk.card())
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)
    desk.town.settles()
    assert 140 == desk.town.limit_at_gateway()
    recorded = list(records.audit_rows(desk.town.bot.bot, None, None))
    changed = next(r["data"] for r in recorded if r["kind"] == "request.amended")
    assert (20_000_000, 40_000_000) == (changed["before"]["amount"], changed["after"]["amount"])


def test_whoever_decides_another_amount_gets_the_card(desk: Desk) -> None:
    """Dana decides up to $10, Fin more: after the change it is Dana's no longer."""
    tom, dana, fin = (desk.person(name) for name in ("tom", "dana", "fin"))
    desk.asks("5")
    assert "request:approve" in str([m.buttons() for m in dana.dms()])
    assert [] == fin.dms()
    desk.form(tom, "request:amend", receipt(tom))
    assert desk.submits(tom, amount="20").ok
    desk.town.settles()

    assert "request:approve" in str(fin.dms()[-1].buttons())
    mine = next(m for m in dana.dms() if m.text.startswith("Overage request"))
    assert "decided by finance now, so there is nothing for you to do" in mine.text
    assert [] == mine.buttons()
    desk.form(tom, "request:amend", receipt(tom))
    assert desk.submits(tom, amount="7").ok
    desk.town.settles()
    mine = next(m for m in dana.dms() if m.text.startswith("Overage request"))
    assert "request:approve" in str(mine.buttons())
    assert [] == fin.dms()[-1].buttons()


def test_only_whoever_asked_changes_it_and_only_while_it_is_open(desk: Desk) -> None:
    """Others are told; so is a form that was open while somebody decided."""
    tom, fin, dana = (desk.person(name) for name in ("tom", "fin", "dana"))
    desk.asks("20")
    button = desk.button("request:amend", "1.1")
    assert "Only whoever asked" in desk.told(dana, "request:amend", button)
    desk.form(tom, "request:amend", receipt(tom))
    same = desk.submits(tom)
    assert "Nothing is different" in same.errors["amount"]
    fin.presses("request:approve", desk.card())
    desk.slack.wait_until(lambda: desk.state() is RequestState.APPROVED)
    late = desk.submits(tom, amount="30")

    assert "was approved already by <@U0FIN>" in late.errors["amount"]
    assert "was approved already" in desk.told(tom, "request:amend", button)
    assert ["$20"] == [dollars(r.amount) for r in desk.requests()]


def test_a_change_that_arrives_twice_is_one(desk: Desk) -> None:
    """The second delivery of a form finds what the first one did."""
    tom = desk.person("tom")
    desk.asks("20")
    desk.form(tom, "request:amend", receipt(tom))
    assert desk.submits(tom, amount="30").ok
    again = desk.sent_again("view_submission")

    assert (200, {}) == (again.status, again.body)
    assert [2] == [r.revision for r in desk.requests()]
