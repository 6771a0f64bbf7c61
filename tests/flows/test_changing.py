"""Changing an open request: what was approved of it is void, and only its requester may."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.errors import UserError
from bot.domain.money import micros
from bot.domain.overages import OverageRequest, RequestState
from bot.domain.terms import Seen
from bot.flows import overages
from bot.flows.overages import Counted, Decided
from store import amendments, votes
from tests.faults.bench import bench
from tests.flows.deciding.place import POLICY, Place, Way, user

BOTH = Way(("named", "second"), both=True)
GROUP = Way(("grouped",))


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Place]:
    """The people and budgets of the deciding tests."""
    with bench(tmp_path, database_url, POLICY) as acme:
        yield Place(acme)


def changes(
    place: Place, request: OverageRequest, amount: str = "25", who: str = "tom", reason: str = "x"
) -> OverageRequest:
    """Somebody changes what they saw."""
    person = place.bot.slack.person(user(who))
    seen = Seen(request.id, request.revision)
    return overages.change(
        place.bot, seen, person, amount, reason, None, place.acme.clock(), funding="none"
    )


def test_approvals_of_what_it_was_are_void(place: Place) -> None:
    """Whoever has approved the smaller amount approves again, and may."""
    request = place.asks(BOTH)
    assert isinstance(place.decides("ivan", request), Counted)
    place.acme.later(minutes=5)
    changed = changes(place, request)
    with place.bot.db.transaction() as tx:
        assert [] == votes.of(tx, request.id)
        was = amendments.last(tx, changed)
    assert was is not None
    assert (micros("20"), place.acme.clock()) == (was.before.amount, was.at)
    assert (("named",), False, 2) == (changed.lists, changed.both, changed.revision)

    assert isinstance(place.decides("ivan", changed), Decided)
    assert micros("25") == place.now(request).granted


def test_its_time_begins_anew(place: Place) -> None:
    """Those who decide have as long for what it is now, and are reminded from the beginning."""
    request = place.asks()
    place.acme.later(hours=20)
    overages.remind(place.bot, place.acme.clock())
    assert 1 == place.now(request).reminded
    changed = changes(place, request)

    assert 0 == changed.reminded
    assert changed.remind_at is not None
    assert changed.remind_at > place.acme.clock()
    assert changed.expires_at > request.expires_at


@pytest.mark.parametrize(
    ("who", "amount", "part"),
    [
        ("ivan", "25", "Only whoever asked can change a request."),
        ("dana", "25", "Only whoever asked can change a request."),
        ("gone", "25", "Only members of this workspace can ask"),
        ("tom", "50.01", "The policy allows at most $50 more"),
        ("tom", "0", "“0” is not an amount"),
    ],
)
def test_what_may_not_be_changed(place: Place, who: str, amount: str, part: str) -> None:
    """It stays as it is, with the approvals it has."""
    request = place.asks(BOTH)
    place.decides("ivan", request)
    with pytest.raises(UserError) as refused:
        changes(place, request, amount, who)

    assert part in refused.value.text
    assert 1 == place.now(request).revision
    with place.bot.db.transaction() as tx:
        assert 1 == len(votes.of(tx, request.id))


def test_what_is_over_stays_as_it_was_decided(place: Place) -> None:
    """Withdrawn, approved, expired, or changed meanwhile: the form says so."""
    first = place.asks()
    changes(place, first)
    with pytest.raises(UserError, match="was changed since this was shown to you"):
        changes(place, first, "30")
    overages.withdraw(place.bot, first.id, user("tom"), place.acme.clock())
    second = place.asks()
    place.acme.later(days=2)
    overages.expire(place.bot, place.acme.clock())

    with pytest.raises(UserError, match="was expired already"):
        changes(place, second)
    assert RequestState.EXPIRED is place.now(second).state


def test_a_card_that_waits_for_its_group_is_sent_as_it_is_now(place: Place) -> None:
    """The group was not asked for its members yet: nobody gets the card of before."""
    request = place.asks(GROUP)
    changes(place, request)
    place.acme.deliver()

    assert [] == [text for text in place.said_to("grace") if text.startswith("Overage request")]
    assert any("asks for $25 more" in text for text in place.said_to("ivan"))
