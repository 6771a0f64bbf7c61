"""People: who may decide, whatever list they are on, and how many it takes."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.budgets import PersonRef
from bot.domain.people import Electorate, Person, Refusal, refusal, settles

TEAM = "T1"
FIN = Person("U0FIN", "Fin", "fin@example.com", TEAM)
TOM = Person("U0TOM", "Tom", "tom@example.com", TEAM)
ELECTORATE = Electorate(
    (
        ("finance", (PersonRef("fin@example.com"), PersonRef("U0KIM"))),
        ("leads", (PersonRef("U0PAT"), PersonRef("FIN@example.com"))),
    )
)
KINDS = {
    "member": (FIN, None),
    "guest": (replace(FIN, guest=True), Refusal.GUEST),
    "bot": (replace(FIN, is_bot=True), Refusal.BOT),
    "deactivated": (replace(FIN, deleted=True), Refusal.DEACTIVATED),
    "stranger": (replace(FIN, stranger=True), Refusal.OUTSIDER),
    "of another team": (replace(FIN, team_id="T2"), Refusal.OUTSIDER),
    "without a team": (replace(FIN, team_id=None), None),
    "deactivated guest": (replace(FIN, guest=True, deleted=True), Refusal.DEACTIVATED),
    "not on the list": (replace(FIN, id="U0LEE", email="lee@example.com"), Refusal.NOT_APPROVER),
}


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_decide_the_request_of_somebody_else(kind: str) -> None:
    """Being on the list is not enough, and not being on it is too little."""
    person, expected = KINDS[kind]

    assert expected == refusal(person, TOM, ELECTORATE, TEAM)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_decides_their_own_request(kind: str) -> None:
    """Whoever they are; what is wrong with the account is said first."""
    person, expected = KINDS[kind]
    own = Refusal.OWN_REQUEST if expected in {None, Refusal.NOT_APPROVER} else expected

    assert own == refusal(person, person, ELECTORATE, TEAM)


@pytest.mark.parametrize("email", ["tom@example.com", "TOM@Example.com"])
def test_a_second_account_is_the_same_person(email: str) -> None:
    """The same address means the same person, also in another spelling."""
    second = replace(FIN, email=email)
    electorate = Electorate((("finance", (PersonRef(FIN.id),)),))

    assert Refusal.OWN_REQUEST is refusal(second, TOM, electorate, TEAM)


def test_hidden_addresses_make_nobody_the_same_person() -> None:
    """Where Slack shows no e-mail addresses, ids alone decide."""
    hidden, requester = replace(FIN, email=None), replace(TOM, email=None)
    electorate = Electorate((("finance", (PersonRef(FIN.id),)),))

    assert None is refusal(hidden, requester, electorate, TEAM)
    assert Refusal.NOT_APPROVER is refusal(hidden, requester, ELECTORATE, TEAM)


def test_without_a_team_of_our_own_nobody_is_foreign() -> None:
    """A look-up that did not say the team cannot make everybody an outsider."""
    assert None is refusal(FIN, TOM, ELECTORATE, None)
    assert Refusal.OUTSIDER is refusal(replace(FIN, stranger=True), TOM, ELECTORATE, None)


def test_a_person_is_on_each_list_that_names_them() -> None:
    """By id exactly, by e-mail address in any spelling; everyone once."""
    assert {"finance", "leads"} == ELECTORATE.lists_of(FIN)
    assert {"leads"} == ELECTORATE.lists_of(Person("U0PAT", "Pat"))
    assert frozenset() == ELECTORATE.lists_of(Person("u0pat", "Pat"))
    assert ("fin@example.com", "U0KIM", "U0PAT", "FIN@example.com") == ELECTORATE.everyone
    assert ("a", "b") == Electorate(
        (("x", (PersonRef("a"), PersonRef("b"))), ("y", (PersonRef("a"),)))
    ).everyone


F, L, FL = frozenset({"f"}), frozenset({"l"}), frozenset({"f", "l"})


@pytest.mark.parametrize(
    ("votes", "both", "settled"),
    [
        ([], False, False),
        ([F], False, True),
        ([], True, False),
        ([F], True, False),
        ([F, F], True, False),
        ([F, L], True, True),
        ([L, F], True, True),
        ([FL], True, False),  # one person counts once
        ([FL, F], True, True),
        ([FL, FL], True, True),
        ([F, F, L], True, True),
    ],
)
def test_two_lists_want_two_people(votes: list[frozenset[str]], both: bool, settled: bool) -> None:
    """`both` is one person from each list, and never the same one."""
    assert settled == settles(votes, ["f", "l"], both=both)


@given(
    st.lists(st.frozensets(st.sampled_from("abc"), min_size=1), max_size=5),
    st.sampled_from(["a", "ab", "abc"]),
)
def test_it_settles_when_the_lists_can_be_dealt_out(
    votes: list[frozenset[str]], lists: str
) -> None:
    """Some way of giving each list a person of its own is enough, in whatever order they voted."""
    possible = any(
        all(name in vote for name, vote in zip(lists, chosen, strict=True))
        for chosen in permutations(votes, len(lists))
    )

    assert possible == settles(votes, list(lists), both=True)
    assert settles(votes, list(lists), both=True) == settles(votes[::-1], list(lists), both=True)
