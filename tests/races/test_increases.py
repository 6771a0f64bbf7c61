"""Increase requests decided at once: one outcome, one call that counts, and everybody else is told."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from bot.domain.increases import IncreaseState
from bot.domain.money import micros
from bot.flows import increases, records
from bot.parts import Bot
from store import increases as stored
from store.outbox import Lane
from tests.faults.bench import Bench, bench, close, deliver_all
from tests.races.policy import FINANCE, POLICY, more_people
from tests.races.starts import at_once

NAME = "  name: Acme\n"
WITH_QUEUE = POLICY.replace(NAME, f"{NAME}  increase_requests: {{approvers: [finance]}}\n")
ROUNDS = 3

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Acme with eight approvers, in Claude Enterprise."""
    with bench(tmp_path, database_url, WITH_QUEUE) as place:
        more_people(place.town)
        place.usage.administration.spend_limits.kind = "enterprise"
        place.turn()
        yield place


@pytest.fixture
def replicas(acme: Bench) -> Iterator[tuple[Bot, Bot]]:
    """The bench's bot and a second one."""
    other = acme.replica()
    yield acme.bot, other
    close(other)


def asks(acme: Bench, number: int) -> str:
    """Another member presses the button; Anthropic's id of it."""
    member = acme.usage.add_user(f"member{number}@example.com")
    return acme.usage.administration.increase_requests.ask(member, acme.clock())


def test_eight_clicks_are_one_decision(acme: Bench, replicas: tuple[Bot, Bot]) -> None:
    """Approvals of different limits and denials, at two replicas: one wins, seven hear who it was."""
    queue = acme.usage.administration.increase_requests
    for number in range(1, ROUNDS + 1):
        request, now = asks(acme, number), acme.clock()
        assert 1 == increases.poll(acme.bot, now)
        clicks = [
            partial(increases.deny, bot, number, f"U0{name.upper()}", "no", now)
            if turn % 2
            else partial(
                increases.approve, bot, number, f"U0{name.upper()}", micros(600 + turn), None, now
            )
            for turn, (bot, name) in enumerate(zip(cycle(replicas), FINANCE, strict=False))
        ]
        answers = at_once(clicks)
        assert 1 == answers.count(None)
        acme.deliver()
        with acme.bot.db.transaction() as tx:
            increase = stored.load(tx, number)
        assert increase is not None
        winner = answers.index(None)
        assert f"U0{FINANCE[winner].upper()}" == increase.decided_by
        assert all(f"by <@{increase.decided_by}>" in told for told in answers if told is not None)
        denied = bool(winner % 2)
        state = IncreaseState.DENIED if denied else IncreaseState.APPROVED
        assert (state, None if denied else micros(600 + winner)) == (
            increase.state,
            increase.granted,
        )
        assert increase.confirmed_at is not None
        assert state.value == queue.requests[request].status
    kinds = Counter(row["kind"] for row in records.audit_rows(acme.bot, None, None))
    assert ROUNDS == kinds["increase.approved"] + kinds["increase.denied"]
    assert (ROUNDS, ROUNDS) == (kinds["increase.asked"], kinds["increase.confirmed"])
    assert ROUNDS == len(queue.mails)
    assert records.verify(acme.bot).why is None


def test_two_replicas_read_the_queue(acme: Bench, replicas: tuple[Bot, Bot]) -> None:
    """Each request has one card in the channel, whoever found it."""
    for number in range(4):
        asks(acme, number)
    found = at_once([partial(increases.poll, bot, acme.clock()) for bot in replicas])
    acme.deliver()
    cards = [m for m in acme.slack.channel("#ai-approvals").messages() if "asks for a" in m.text]

    assert 4 == sum(found) == len(cards)


def test_a_decision_while_the_queue_is_read(acme: Bench, replicas: tuple[Bot, Bot]) -> None:
    """Whoever reads it just when it is decided and sent never says that it was decided elsewhere."""
    for number in range(1, ROUNDS + 1):
        asks(acme, number)
        increases.poll(acme.bot, acme.clock())

        def decides(number: int = number) -> None:
            now = acme.clock()
            increases.approve(replicas[0], number, "U0FIN0", micros(700), None, now)
            deliver_all(replicas[0], Lane.INCREASES, at=now)

        def reads() -> None:
            for _ in range(5):
                increases.poll(replicas[1], acme.clock())

        at_once([decides, reads])
        with acme.bot.db.transaction() as tx:
            increase = stored.load(tx, number)
        assert increase is not None
        assert IncreaseState.APPROVED is increase.state
        assert increase.confirmed_at is not None
