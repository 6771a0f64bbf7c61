"""Two changes and an approval of one request at once: one of them comes first, and all add up."""

from functools import partial
from typing import Any

import pytest

from bot.domain.errors import UserError
from bot.domain.money import micros
from bot.domain.overages import OverageRequest, RequestState
from bot.domain.people import Person
from bot.domain.terms import Seen
from bot.flows import overages
from bot.flows.overages import Click, Decided
from bot.parts import Bot
from store import overages as stored
from store import raises
from tests.faults.bench import Bench
from tests.races.starts import at_once

ROUNDS = 6


def changes(bot: Bot, request: OverageRequest, amount: str, bench: Bench) -> object:
    """What Dana gets for changing what she saw; an error is an answer too."""
    dana = Person("U0DANA", "Dana", "dana@example.com")
    seen = Seen(request.id, request.revision)
    try:
        return overages.change(bot, seen, dana, amount, "launch", None, bench.clock())
    except UserError as error:
        return error.text


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_change_and_an_approval_never_mix(acme: Bench, replicas: tuple[Bot, Bot]) -> None:
    """Either all was approved as it was, and both changes are refused; or one change won alone."""
    seen: set[str] = set()
    for number in range(ROUNDS):
        request = acme.ask("5", trigger=f"view:{number}")
        now, click = acme.clock(), Click(request.revision)
        approve = partial(
            overages.decide,
            replicas[1],
            request.id,
            "U0FIN",
            RequestState.APPROVED,
            None,
            now,
            click,
        )
        calls: list[Any] = [
            partial(changes, replicas[0], request, "6", acme),
            partial(changes, replicas[1], request, "7", acme),
            approve,
        ]
        six, seven, approval = at_once(calls)
        with acme.bot.db.transaction() as tx:
            after = stored.load(tx, request.id)
            raised = raises.load(tx, request.id)
        assert after is not None
        won = [made for made in (six, seven) if isinstance(made, OverageRequest)]
        if isinstance(approval, Decided):
            seen.add("approved")
            assert ([], 1, micros("5")) == (won, after.revision, after.granted)
            assert raised is not None
            assert micros("5") == raised.raised.extra
        else:
            seen.add("changed")
            assert (1, 2, None) == (len(won), after.revision, raised)
            assert won[0].amount == after.amount
        overages.withdraw(acme.bot, request.id, "U0DANA", now)
        acme.later(seconds=1)
        with acme.bot.db.transaction() as tx:
            raises.end_early(tx, request.id, "test", acme.clock())
    assert seen
