"""Approving less or shorter; and what a click is about."""

from datetime import timedelta
from decimal import Decimal

from bot.domain.money import micros
from bot.domain.overages import OverageRequest, RequestState, Terms
from bot.domain.places import Place as Message
from bot.flows import records
from bot.flows.overages import Click, Counted, Decided, NotDecided
from tests.flows.deciding.place import Place, Way, user

TWO = Way(("named", "second"), both=True)


def less(request: OverageRequest, amount: str, days: int) -> Click:
    """So much, until so many days from when it was asked for."""
    ends_at = request.asked_at + timedelta(days=days)
    return Click(request.revision, Terms(micros(amount), ends_at))


def test_less_is_granted_and_shown_beside_what_was_asked(place: Place) -> None:
    """Card, note, record, export, limit: the granted terms, and what they were asked as."""
    request = place.asks(amount="20", days=7)
    click = less(request, "12.50", 3)
    place.acme.deliver()
    assert isinstance(place.decides("ivan", request, click=click), Decided)
    place.acme.deliver()

    raised = place.raised(request)
    assert raised is not None
    assert click.terms is not None
    assert (micros("12.50"), click.terms.ends_at) == (raised.extra, raised.ends_at)
    assert Decimal("112.50") == place.acme.gateway.holds("search").limit
    for text in (place.said_to("ivan")[0], place.said_to("tom")[-2]):
        assert "$12.50 of the $20 asked for, until Thu 5 Nov 10:00 instead of Mon 9 Nov" in text
    (decision,) = records.decisions(place.bot, None, None)
    assert ("20.00", "12.50") == (decision["amount_usd"], decision["granted_usd"])
    assert ("2026-11-05T15:00:00Z", "2026-11-09T15:00:00Z") == (
        decision["until"],
        decision["asked_until"],
    )
    assert "112.50" == decision["limit_after_usd"]
    (row,) = place.recorded("request.approved")
    assert (20_000_000, 12_500_000) == (row["amount"], row["granted"])


def test_of_two_people_the_smaller_and_the_earlier_counts(place: Place) -> None:
    """The first gives less money, the second less time; the card says so after the first vote."""
    request = place.asks(TWO)
    place.acme.deliver()
    first = place.decides("ivan", request, click=less(request, "5", 6))
    place.acme.deliver()
    assert isinstance(first, Counted)
    card = place.said_to("sue")[0]
    assert "Approved so far by <@U0IVAN> for $5 until Sun 8 Nov 10:00; the smallest amount" in card

    second = place.decides("sue", request, click=less(request, "15", 2))
    assert isinstance(second, Decided)
    assert micros("5") == second.request.granted
    assert request.asked_at + timedelta(days=2) == second.request.granted_until


def test_somebody_may_still_approve_less_than_they_have(place: Place) -> None:
    """Pressing again changes nothing; other terms replace the first ones."""
    request = place.asks(TWO)
    place.decides("ivan", request)
    again = place.decides("ivan", request)
    assert isinstance(again, Counted)
    assert "You have approved already." in again.text
    assert isinstance(place.decides("ivan", request, click=less(request, "5", 6)), Counted)

    done = place.decides("sue", request)
    assert isinstance(done, Decided)
    assert (micros("5"), (user("ivan"), user("sue"))) == (
        done.request.granted,
        done.request.decided_by,
    )


def test_an_approval_of_a_time_that_is_over_counts_no_more(place: Place) -> None:
    """The second person comes too late for the first one's term: that one is asked again."""
    request = place.asks(TWO)
    soon = request.asked_at + timedelta(hours=2)
    place.decides("ivan", request, click=Click(1, Terms(micros("5"), soon)))
    place.acme.later(hours=3)

    late = place.decides("sue", request)
    assert isinstance(late, Counted)
    done = place.decides("ivan", request)
    assert isinstance(done, Decided)
    assert request.amount == done.request.granted


def test_a_click_on_what_was_changed_since_decides_nothing(place: Place) -> None:
    """Approve, approve less and deny alike; whoever looks at the new figures decides."""
    request = place.asks(amount="10")
    changed = place.amends(request, "25")
    assert 2 == changed.revision

    old = Click(1)
    for outcome, click in (
        (RequestState.APPROVED, old),
        (RequestState.APPROVED, less(request, "5", 2)),
        (RequestState.DENIED, old),
    ):
        answer = place.decides("ivan", request, outcome, click)
        assert isinstance(answer, NotDecided)
        assert "was changed since this was shown to you: now it is for $25" in answer.text
    assert RequestState.PENDING is place.now(request).state

    done = place.decides("ivan", request, click=Click(2))
    assert isinstance(done, Decided)
    assert micros("25") == done.request.granted


def test_an_approval_is_void_when_the_request_is_changed(place: Place) -> None:
    """It was for something else: both have to approve again, and the card shows it every time."""
    request = place.asks(TWO, amount="10")
    place.acme.deliver()
    place.decides("ivan", request)
    place.acme.deliver()
    place.amends(request, "25")
    assert isinstance(place.decides("sue", request, click=Click(2)), Counted)
    place.acme.deliver()
    assert "Approved so far by <@U0SUE>." in place.said_to("sue")[0]
    assert isinstance(place.decides("ivan", request, click=Click(2)), Decided)


def test_less_fits_where_all_of_it_does_not_any_more(place: Place) -> None:
    """Another exception took the room meanwhile: the answer names what is left, and that is granted."""
    first, second = place.asks(who="lee", amount="40"), place.asks(amount="20")
    assert isinstance(place.decides("ivan", first), Decided)
    refused = place.decides("ivan", second)
    assert isinstance(refused, NotDecided)
    assert "the policy allows $10 more for Search ranking. Approve less, or deny it." in (
        refused.text
    )

    assert isinstance(place.decides("ivan", second, click=less(second, "10", 7)), Decided)


def test_the_record_links_to_the_message(place: Place) -> None:
    """Where it was pressed: in the row of the record, and in the export for auditors."""
    request = place.asks()
    click = Click(1, place=Message("C024BE91L", "1762095600.000200"))
    place.decides("ivan", request, click=click)

    link = "https://slack.com/archives/C024BE91L/p1762095600000200"
    assert [link] == [row["message_link"] for row in place.recorded("request.approved")]
    assert [link] == [d["message_link"] for d in records.decisions(place.bot, None, None)]
