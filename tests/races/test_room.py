"""Approvals at once that fit one by one and not together: the room is given away once."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.domain.overages import RequestState
from bot.flows import overages
from bot.flows.overages import Decided, NotDecided
from bot.flows.overages.electorate import electorate_of
from bot.parts import Bot
from tests.faults.bench import bench, close
from tests.flows.deciding.place import GROWTH, POLICY, Place, Way, user
from tests.races.starts import at_once

ROUNDS = 4


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[Place]:
    """The people and budgets of the deciding tests."""
    with bench(tmp_path, database_url, POLICY) as acme:
        yield Place(acme)


@pytest.fixture
def other(place: Place) -> Iterator[Bot]:
    """A second replica."""
    bot = place.acme.replica()
    yield bot
    close(bot)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("way", "amount"), [(Way(("named",), donor=GROWTH), "20"), (Way(("named",)), "30")]
)
def test_two_approvals_do_not_find_the_same_room(
    place: Place, other: Bot, way: Way, amount: str
) -> None:
    """Growth has $30 to give, and the policy allows $50 in all: of two requests one is approved."""
    place.acme.town.spends("270", workspace="team-growth")
    place.acme.later(minutes=1)
    place.acme.turn()
    for _ in range(ROUNDS):
        requests = [place.asks(way, who=who, amount=amount) for who in ("tom", "lee")]
        if way.donor:
            for request in requests:
                place.decides("gil", request)
        now = place.acme.clock()
        calls = [
            partial(overages.decide, bot, r.id, user("ivan"), RequestState.APPROVED, None, now)
            for bot, r in zip((place.bot, other), requests, strict=True)
        ]
        results = at_once(calls)
        assert {Decided, NotDecided} == {type(result) for result in results}
        for request in requests:
            place.forgets(request)


def test_what_changes_while_slack_is_asked_is_not_decided(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the click and the lock the requester asks for more: that was shown to nobody."""
    request = place.asks(amount="10")

    def changed_meanwhile(*arguments: Any) -> object:
        found = electorate_of(*arguments)
        place.amends(request, "25")
        return found

    monkeypatch.setattr("bot.flows.overages.deciding.electorate_of", changed_meanwhile)
    result = place.decides("ivan", request)

    assert isinstance(result, NotDecided)
    assert "was changed since this was shown to you" in result.text
    assert RequestState.PENDING is place.now(request).state
