"""Who may decide: every kind of person, on every route, on their own request and on another's."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import pytest

from bot.domain.budgets import PersonRef
from bot.domain.errors import UserError
from bot.domain.overages import RequestState
from bot.flows.overages import Counted, Decided, NotDecided, Outcome
from tests.flows.deciding.place import GROWTH, SPARE, Place, Way

WAYS = {
    "owner": Way(("owner",)),
    "people": Way(("named",)),
    "group": Way(("grouped",)),
    "either of two lists": Way(("named", "second")),
    "two people": Way(("named", "second"), both=True),
    "with a donor": Way(("named",), donor=GROWTH),
    "the donor is on the list": Way(("named",), donor=SPARE),
    "two people and a donor": Way(("named", "second"), both=True, donor=GROWTH),
}


TWO = Way(("named", "second"), both=True)


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody, the lists they are rightly on, and what keeps them out whatever list it is."""

    lists: frozenset[str] = frozenset()
    kept_out: str = ""
    is_tom: bool = False  # the requester of every request that is not their own


PEOPLE = {
    "mia": Who(frozenset({"named", "owner of spare"})),  # by e-mail
    "ivan": Who(frozenset({"named"})),  # by id
    "grace": Who(frozenset({"grouped"})),
    "sue": Who(frozenset({"second"})),
    "bo": Who(frozenset({"named", "second"})),
    "dana": Who(frozenset({"owner"})),
    "lee": Who(),  # the backup stands in for alerts, not for decisions
    "gil": Who(frozenset({"owner of growth"})),
    "none": Who(),
    "tom": Who(frozenset({"named", "second", "grouped"}), is_tom=True),
    "tom2": Who(frozenset({"named", "second", "grouped"}), is_tom=True),  # the same e-mail
    "gus": Who(kept_out="a guest cannot decide"),
    "ultra": Who(kept_out="a guest cannot decide"),
    "sam": Who(kept_out="only members of this workspace can decide"),
    "neigh": Who(kept_out="only members of this workspace can decide"),
    "robot": Who(kept_out="a bot cannot decide"),
    "gone": Who(kept_out="a deactivated account cannot decide"),
    "ghost": Who(kept_out="Slack did not tell who you are"),  # nobody has this id
}
OWN = "nobody decides their own request"
STRANGER_TO_IT = "you are not on the list of people who may decide this request"
DECIDED, COUNTED = "decided", "counted"


def oracle(who: Who, way: Way, *, own: bool, approves: bool) -> str:
    """
    What has to happen, worked out from the words of the policy and nothing of the bot's code.

    First what somebody is, then whose request it is, then what they are on; one person is never
    two, and whoever gives the dollars counts only where dollars are given.
    """
    if who.kept_out:
        return who.kept_out
    if own or who.is_tom:
        return OWN
    decides = who.lists & set(way.lists)
    gives = way.donor is not None and f"owner of {way.donor}" in who.lists
    if not decides and not gives:
        return STRANGER_TO_IT
    if not approves:
        return DECIDED
    alone = bool(decides) and not way.both and (gives or way.donor is None)
    return DECIDED if alone else COUNTED


def seen(place: Place, name: str, way: Way, *, own: bool, approves: bool) -> tuple[str, str]:
    """What does happen, and the state that it leaves."""
    request = place.asks(way, who=name if own else "tom")
    outcome = RequestState.APPROVED if approves else RequestState.DENIED
    try:
        found = _word(place.decides(name, request, outcome))
    except UserError as error:
        found = "Slack did not tell who you are" if "Slack did not tell" in error.text else "?"
    left = place.now(request)
    granted = place.raised(request) is not None
    assert granted == (left.state is RequestState.APPROVED)
    place.forgets(request)
    return found, left.state.value


def _word(outcome: Outcome) -> str:
    match outcome:
        case Decided():
            return DECIDED
        case Counted():
            return COUNTED
        case NotDecided():
            return outcome.refusal.value if outcome.refusal else outcome.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name_of_way", WAYS)
def test_every_kind_of_person_on_every_route(place: Place, name_of_way: str) -> None:
    """The flow against Slack does what the policy's words say, for each of them."""
    way, wrong = WAYS[name_of_way], []
    for name, own, approves in product(PEOPLE, (False, True), (True, False)):
        if own and name == "ghost":
            continue  # nobody has asked
        expected = oracle(PEOPLE[name], way, own=own, approves=approves)
        found, state = seen(place, name, way, own=own, approves=approves)
        outcome = "approved" if approves else "denied"
        left = outcome if expected == DECIDED else "pending"
        if (expected, left) != (found, state):
            wrong.append((name, "own" if own else "other", outcome, expected, found, state))

    assert [] == wrong


PAIR = ("mia", "ivan", "bo", "sue", "gil", "dana")


def pair_settles(way: Way, first: str, second: str) -> bool:
    """Whether two people's approvals suffice: each list has a person of its own, and one gives."""
    if first == second:
        return False
    on = [PEOPLE[name].lists for name in (first, second)]
    giving = way.donor is None or any(f"owner of {way.donor}" in lists for lists in on)
    a, b = way.lists if way.both else (way.lists[0], way.lists[0])
    if not way.both:
        return giving and any(a in lists for lists in on)
    return giving and ((a in on[0] and b in on[1]) or (b in on[0] and a in on[1]))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name_of_way", ["two people", "with a donor", "the donor is on the list"])
def test_every_pair_of_people(place: Place, name_of_way: str) -> None:
    """The second approval decides when the two of them are what is asked for, in either order."""
    way, wrong = WAYS[name_of_way], []
    for first, second in product(PAIR, PAIR):
        request = place.asks(way)
        before = place.decides(first, request)
        if isinstance(before, Decided):
            place.forgets(request)
            continue
        place.decides(second, request)
        approved = place.now(request).state is RequestState.APPROVED
        if approved != pair_settles(way, first, second):
            wrong.append((first, second, approved))
        place.forgets(request)

    assert [] == wrong


def test_whose_word_is_missing_is_named(place: Place) -> None:
    """Of two lists the one that nobody has spoken for; of whoever is on both, either."""
    for first, missing in (("mia", "second"), ("sue", "named"), ("bo", "named or second")):
        request = place.asks(TWO)
        counted = place.decides(first, request)
        assert isinstance(counted, Counted)
        assert f"Somebody of {missing} has to approve too." in counted.text
        place.forgets(request)


def test_what_counts_is_today(place: Place) -> None:
    """Whoever is put out of the group, or becomes a guest, after the card was sent is refused."""
    request = place.asks(Way(("grouped",)))
    place.acme.slack.add_usergroup("S0TEAM", "team", ["U0IVAN"])
    refused = place.decides("grace", request)
    assert isinstance(refused, NotDecided)
    assert STRANGER_TO_IT in refused.text
    place.acme.slack._replace_kind("U0IVAN", "guest")
    refused = place.decides("ivan", request)
    assert isinstance(refused, NotDecided)
    assert "a guest cannot decide" in refused.text

    attempts = [(row["actor"], row["why"]) for row in place.recorded("decision.refused")]
    assert [("U0GRACE", STRANGER_TO_IT), ("U0IVAN", "a guest cannot decide")] == attempts


def _leaves_the_list(place: Place) -> None:
    """Mia is not named in the policy any more."""
    approvers = place.bot.policy.approvers
    left = replace(approvers["named"], people=(PersonRef("U0IVAN"),))
    place.bot = replace(
        place.bot, policy=replace(place.bot.policy, approvers={**approvers, "named": left})
    )


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (lambda place: place.acme.slack._replace_kind("U0MIA", "guest"), "a guest cannot decide"),
        (
            lambda place: place.acme.slack._replace_kind("U0MIA", "deactivated"),
            "a deactivated account cannot decide",
        ),
        (_leaves_the_list, STRANGER_TO_IT),
    ],
)
def test_an_approval_counts_while_its_giver_may_decide(
    place: Place, happens: Callable[[Place], None], why: str
) -> None:
    """The second of two people comes after the first has lost the right: a new first one is needed."""
    request = place.asks(TWO)
    assert isinstance(place.decides("mia", request), Counted)
    happens(place)
    second = place.decides("sue", request)

    assert isinstance(second, Counted)
    assert f"The approval of <@U0MIA> counts no more: {why}." in second.text
    assert RequestState.PENDING is place.now(request).state
    (struck,) = place.recorded("decision.vote_struck")
    assert ("U0MIA", why) == (struck["voter"], struck["why"])
    place.acme.deliver()
    card = place.acme.slack.channel("#ai-approvals").messages()[0]
    assert "Approved so far by <@U0SUE>" in card.text
    assert isinstance(place.decides("ivan", request), Decided)
    (decided,) = place.recorded("request.approved")
    assert ["U0SUE", "U0IVAN"] == decided["decided_by"]


def test_nothing_is_decided_while_nobody_knows_who_still_may(place: Place) -> None:
    """Slack fails when the first voter is looked up: the second is told to press again."""
    request = place.asks(TWO)
    place.decides("mia", request)
    place.acme.slack.faults.add("users.info", "error", times=None, after=1)

    with pytest.raises(UserError, match=r"nothing was decided\. Press again in a minute"):
        place.decides("sue", request)
    assert RequestState.PENDING is place.now(request).state


def test_one_person_with_two_accounts_is_one_person(place: Place) -> None:
    """The same e-mail address approves once, however many accounts it has."""
    place.add("bo2", email="bo@example.com")
    request = place.asks(Way(("named", "second"), both=True))
    place.decides("bo", request)
    again = place.decides("bo2", request)

    assert isinstance(again, Counted)
    assert "You have approved already." in again.text
    assert RequestState.PENDING is place.now(request).state


def test_whoever_gives_their_own_dollars_has_agreed_by_asking(place: Place) -> None:
    """Gil asks for Growth's dollars, which are his: only those who decide are left to say so."""
    request = place.asks(Way(("named",), donor=GROWTH), who="gil")

    assert isinstance(place.decides("ivan", request), Decided)
