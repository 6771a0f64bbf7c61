"""Transfers: the giving budget's owner agrees, its limit falls for the same term, and comes back."""

from datetime import timedelta
from decimal import Decimal

from bot.domain.overages import RequestState
from bot.domain.people import Person
from bot.flows import exceptions, overages, status
from bot.flows.overages import Counted, Decided, NotDecided
from tests.flows.deciding.place import GROWTH, SPARE, Place, Way

TRANSFER = Way(("named",), donor=GROWTH)


def limits(place: Place) -> tuple[Decimal | None, Decimal | None]:
    """What the gateway holds for the two budgets."""
    return place.acme.gateway.holds("search").limit, place.acme.gateway.holds("growth").limit


def test_both_have_to_agree_and_the_sum_stays(place: Place) -> None:
    """Whoever decides and whoever gives, in either order; both owners read it; it comes back."""
    request = place.asks(TRANSFER)
    place.acme.deliver()
    (asked,) = place.said_to("gil")
    assert "The dollars come from Growth" in asked
    gil = place.acme.slack.person("U0GIL")
    assert [
        ("request:approve", "Agree", "1.1"),
        ("request:deny", "Deny…", "1.1"),
        ("request:ask", "Ask…", "1.1"),
    ] == [button[:3] for button in gil.dms()[0].buttons()]

    first = place.decides("ivan", request)
    assert isinstance(first, Counted)
    assert "The owner of Growth, where the dollars come from, has to agree too." in first.text
    place.acme.deliver()
    assert (Decimal(100), Decimal(300)) == limits(place)
    assert "Approved so far by <@U0IVAN>." in place.said_to("gil")[0]
    assert "Agree" == gil.dms()[0].buttons()[0][1]
    place.acme.later(seconds=1)
    assert isinstance(place.decides("gil", request), Decided)
    place.acme.deliver()

    assert (Decimal(120), Decimal(280)) == limits(place)
    assert "Approved by <@U0IVAN> and <@U0GIL>" in place.said_to("gil")[0]
    assert [] == gil.dms()[0].buttons()
    assert (
        "Growth has $20 less until Mon 9 Nov 10:00: request #1 moves them to Search"
        in (place.said_to("gil")[1])
    )
    assert any("Approved by <@U0IVAN> and <@U0GIL>" in text for text in place.said_to("dana"))
    (row,) = place.recorded("request.approved")
    assert "growth" == row["taken_from"]

    place.acme.later(days=7, seconds=1)
    place.acme.turn()
    assert (Decimal(100), Decimal(300)) == limits(place)


def test_the_giver_agrees_first(place: Place) -> None:
    """And is told who is still missing."""
    request = place.asks(TRANSFER)
    first = place.decides("gil", request)
    assert isinstance(first, Counted)
    assert "Somebody of named has to approve too." in first.text

    assert isinstance(place.decides("mia", request), Decided)


def test_the_giver_may_refuse(place: Place) -> None:
    """Then it is denied, and nothing moves."""
    request = place.asks(TRANSFER)
    assert isinstance(place.decides("gil", request, RequestState.DENIED), Decided)
    place.acme.deliver()

    assert (Decimal(100), Decimal(300)) == limits(place)
    assert RequestState.DENIED is place.now(request).state


def test_whoever_is_both_is_asked_once_and_says_it_once(place: Place) -> None:
    """Mia owns Spare and is on the list."""
    request = place.asks(Way(("named",), donor=SPARE))
    place.acme.deliver()
    assert 1 == len(place.said_to("mia"))

    assert isinstance(place.decides("mia", request), Decided)


def test_what_is_spent_is_not_given_away(place: Place) -> None:
    """The answer says what is left; less than that may still be granted."""
    request = place.asks(TRANSFER, amount="20")
    place.acme.town.spends("290", workspace="team-growth")
    place.acme.later(minutes=1)
    place.acme.turn()
    refused = place.decides("ivan", request)

    assert isinstance(refused, NotDecided)
    assert "Growth has $10 left of $300, which is less than $20." in refused.text
    assert RequestState.PENDING is place.now(request).state
    assert [] == place.recorded("decision.vote")


def test_the_owner_of_today_agrees(place: Place) -> None:
    """Gil left; whoever the policy names as owner when it is decided has the word."""
    request = place.asks(TRANSFER)
    place.acme.slack.deactivate("U0GIL")
    refused = place.decides("gil", request)

    assert isinstance(refused, NotDecided)
    assert "a deactivated account cannot decide" in refused.text


def test_a_transfer_does_not_make_the_giver_poorer_twice(place: Place) -> None:
    """Two transfers that fit one by one: the second finds what the first has left."""
    place.acme.town.spends("270", workspace="team-growth")
    place.acme.later(minutes=1)
    place.acme.turn()
    requests = [place.asks(TRANSFER, who=who, amount="20") for who in ("tom", "lee")]
    for request in requests:
        place.decides("ivan", request)
    results = [place.decides("gil", request) for request in requests]

    assert [Decided, NotDecided] == [type(result) for result in results]
    assert timedelta(days=7) == requests[0].ends_at - requests[0].asked_at


def test_whoever_gave_does_not_take_back(place: Place) -> None:
    """Gil agreed until the end; the owner who got it may end it, and both limits are as before."""
    request = place.asks(TRANSFER)
    for who in ("ivan", "gil"):
        place.decides(who, request)
    place.acme.later(minutes=1)
    place.acme.turn()
    now = place.acme.clock()
    actor, electorate = overages.who_decides(place.bot, place.now(request), "U0GIL", now)
    refused = exceptions.end_early(place.bot, request.id, actor, electorate, now)
    assert refused is not None
    assert refused.startswith("These dollars are lent until the end that you agreed to.")
    assert (Decimal(120), Decimal(280)) == limits(place)

    dana = Person("U0DANA", "Dana", "dana@example.com")
    assert None is exceptions.end_early(place.bot, request.id, dana, electorate, now)
    place.acme.deliver()
    assert (Decimal(100), Decimal(300)) == limits(place)


def test_a_transfer_is_told_in_words(place: Place) -> None:
    """Both budgets' status, and the alert of the one that lends."""
    request = place.asks(TRANSFER)
    for who in ("ivan", "gil"):
        place.decides(who, request)
    place.acme.later(minutes=1)
    now = place.acme.clock()

    of_search = status.status(place.bot, "U0DANA", "search", now).text
    assert "the limit includes $20 from Growth until Mon 9 Nov 10:00" in of_search
    of_growth = status.status(place.bot, "U0GIL", "growth", now).text
    assert "the limit is $20 lower, lent to Search" in of_growth
    place.acme.town.spends("170", workspace="team-growth")
    place.acme.turn()
    alert = next(text for text in place.said_to("gil") if text.startswith("look: "))
    assert "of $280 (" in alert
    assert "The limit is $20 lower, lent to Search" in alert
    assert "of exceptions" not in alert
