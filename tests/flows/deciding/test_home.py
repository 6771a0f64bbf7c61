"""Whose Home tab shows a request that is open, and who is offered to end an exception."""

from dataclasses import replace

import pytest

from bot.domain.budgets import ApproverList, BudgetTree, PersonRef
from bot.domain.overages import RequestState
from bot.flows import home
from bot.sandbox.slack import View
from store import people
from tests.flows.deciding.place import GROWTH, Place, Way, user

GROUPED = Way(("grouped",))
TWO = Way(("named", "second"), both=True)
TRANSFER = Way(("named",), donor=GROWTH)


def opens(place: Place, name: str) -> View:
    """Somebody whom Slack knows opens the tab."""
    id_ = user(name)
    person = place.bot.slack.person(id_)
    with place.bot.db.transaction() as tx:
        people.remember(tx, id_, person, place.acme.clock())
    place.acme.later(seconds=1)
    home.opened(place.bot, id_, f"Ev{place.acme.clock()}{id_}", place.acme.clock())
    place.acme.deliver()
    view = place.acme.slack.person(id_).home()
    assert view is not None
    return view


def offers(place: Place, name: str) -> list[tuple[str, str]]:
    """What they can press about requests, by its words and its value."""
    found = opens(place, name).buttons()
    return [
        (label, str(value))
        for action, label, value in found
        if action.startswith(("request:", "exception:")) and action != "request:open"
    ]


DECIDING = [
    ("Approve", "1.1"),
    ("Approve less…", "1.1"),
    ("Deny…", "1.1"),
    ("Ask…", "1.1"),
]
OWN = [("Change…", "1.1"), ("Withdraw", "1")]
END = [("End now", "1")]


def test_those_decide_whom_the_route_names(place: Place) -> None:
    """The same buttons with the same values as on the card; whoever asked has theirs."""
    place.asks()

    assert DECIDING == offers(place, "mia")
    assert DECIDING == offers(place, "ivan")  # by id
    assert OWN == offers(place, "tom")
    for name in ("dana", "grace", "sue"):
        assert [] == offers(place, name), name


@pytest.mark.parametrize("way", [Way(("named",)), GROUPED], ids=["by name", "by group"])
def test_whoever_could_not_decide_is_asked_nothing(place: Place, way: Way) -> None:
    """Being on the list is not enough for a guest; outsiders have no tab of ours at all."""
    place.asks(way, who="kim")
    place.acme.deliver()

    for name in ("gus", "ultra", "sam", "robot", "gone"):
        assert [] == offers(place, name), name


def test_members_of_a_group_decide(place: Place) -> None:
    """As long as they are in it, or have got the card when they were."""
    place.asks(GROUPED)
    assert DECIDING == offers(place, "grace")
    place.acme.slack.add_usergroup("S0TEAM", "team", ["U0SUE"])

    assert DECIDING == offers(place, "sue")
    assert DECIDING == offers(place, "grace")
    assert [] == offers(place, "mia")


def test_whoever_has_approved_is_asked_no_more(place: Place) -> None:
    """The other of the two is."""
    request = place.asks(TWO)
    place.decides("ivan", request)

    assert [] == offers(place, "ivan")
    assert DECIDING == offers(place, "sue")
    assert "Approved so far by <@U0IVAN>" in opens(place, "sue").all_text()


def test_whoever_gives_is_asked_to_agree(place: Place) -> None:
    """They have given their word once; and whoever decides anyway decides."""
    request = place.asks(TRANSFER)
    agreeing = [("Agree", "1.1"), ("Deny…", "1.1"), ("Ask…", "1.1")]

    assert agreeing == offers(place, "gil")
    assert DECIDING == offers(place, "mia")
    place.decides("gil", request)
    assert [] == offers(place, "gil")


def test_what_has_expired_waits_for_nobody(place: Place) -> None:
    """At the very moment, also before anything was written down."""
    request = place.asks()
    assert DECIDING == offers(place, "mia")
    place.acme.clock.to(request.expires_at)

    assert [] == offers(place, "mia")
    assert [] == offers(place, "tom")


def test_the_first_to_expire_comes_first(place: Place) -> None:
    """Whatever was asked first."""
    later = place.asks(who="kim")
    place.acme.later(hours=-2)
    place.asks()
    place.acme.later(hours=2)

    values = [value for label, value in offers(place, "mia") if label == "Approve"]
    assert 1 == later.id
    assert ["2.1", "1.1"] == values


@pytest.mark.parametrize("name", ["dana", "lee", "tom", "mia", "ivan"])
def test_owner_backup_requester_and_approvers_may_end_it(place: Place, name: str) -> None:
    """While it holds, and no longer."""
    request = place.asks()
    place.decides("ivan", request)
    place.acme.deliver()
    assert END == offers(place, name)
    place.acme.clock.to(request.ends_at)

    assert [] == offers(place, name)


def test_members_of_the_group_that_decided_may_end_it(place: Place) -> None:
    """As at the click."""
    request = place.asks(GROUPED)
    place.acme.deliver()
    place.decides("grace", request)
    place.acme.deliver()

    assert END == offers(place, "grace")
    assert [] == offers(place, "mia")


def test_others_may_not_end_it(place: Place) -> None:
    """Neither whoever lent the dollars, nor somebody who is only on the list."""
    request = place.asks(TRANSFER)
    place.decides("ivan", request)
    place.acme.later(seconds=1)
    place.decides("gil", request)
    place.acme.deliver()
    assert RequestState.APPROVED is place.now(request).state

    for name in ("gil", "sue", "grace", "gus", "ultra"):
        assert [] == offers(place, name), name


def without_search(place: Place) -> None:
    """The budget leaves the policy file."""
    tree = place.bot.policy.tree
    rest = BudgetTree({id_: b for id_, b in tree.budgets.items() if id_ != "search"})
    place.bot = replace(place.bot, policy=replace(place.bot.policy, tree=rest))
    place.acme.bot = place.bot


def test_a_request_stays_with_whoever_asked_when_its_budget_has_left(place: Place) -> None:
    """They can still withdraw it; nobody else is asked about it."""
    place.asks()
    without_search(place)

    assert OWN == offers(place, "tom")
    assert [] == offers(place, "mia")


def test_an_exception_of_a_budget_that_has_left_holds_no_tab_up(place: Place) -> None:
    """Only whoever asked for it has still to do with it."""
    request = place.asks()
    place.decides("ivan", request)
    place.acme.deliver()
    without_search(place)

    assert END == offers(place, "tom")
    assert [] == offers(place, "ivan")


def test_whoever_has_left_the_list_is_asked_no_more(place: Place) -> None:
    """Though they got the card."""
    place.asks()
    place.acme.deliver()
    assert DECIDING == offers(place, "ivan")
    policy = place.bot.policy
    named = ApproverList("named", (PersonRef("mia@example.com"),))
    approvers = {**policy.approvers, "named": named}
    place.bot = replace(place.bot, policy=replace(policy, approvers=approvers))
    place.acme.bot = place.bot

    assert [] == offers(place, "ivan")
    assert DECIDING == offers(place, "mia")
