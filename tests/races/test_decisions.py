"""Decisions at once: one outcome, one raise, and everybody else is told who decided."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import cycle

import pytest

from bot.domain.overages import RequestState
from bot.flows import overages, records
from bot.flows.overages import Counted, Decided, NotDecided, Outcome
from bot.parts import Bot
from store import raises, votes
from store.overages import load
from tests.faults.bench import SEARCH, Bench
from tests.races.policy import FINANCE, LEGAL
from tests.races.starts import at_once

ROUNDS = 3
Replicas = tuple[Bot, Bot]


def user(name: str) -> str:
    """Their id in Slack."""
    return f"U0{name.upper()}"


def decide(
    bot: Bot, acme: Bench, request: int, name: str, outcome: RequestState = RequestState.APPROVED
) -> Outcome:
    """One click, through a replica."""
    reason = "no" if outcome is RequestState.DENIED else None
    return overages.decide(bot, request, user(name), outcome, reason, acme.clock())


def raised(acme: Bench) -> list[int]:
    """The requests that have a raise."""
    with acme.bot.db.transaction() as tx:
        return [record.request for record in raises.of_budget(tx, SEARCH)]


def recorded(acme: Bench, request: int) -> Counter[str]:
    """How often the record says what about a request."""
    rows = list(records.audit_rows(acme.bot, None, None))
    return Counter(row["kind"] for row in rows if row["data"].get("request") == request)


def test_eight_approvers_at_two_replicas(acme: Bench, replicas: Replicas) -> None:
    """One of eight decides, and the seven others are told by whom; however often it is tried."""
    for number in range(ROUNDS):
        request = acme.ask("10", f"view:V{number}").id
        clicks = [
            partial(decide, bot, acme, request, name)
            for bot, name in zip(cycle(replicas), FINANCE, strict=False)
        ]
        outcomes = at_once(clicks)

        (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Decided)]
        (decider,) = winner.request.decided_by
        others = [outcome for outcome in outcomes if isinstance(outcome, NotDecided)]
        assert 7 == len(others)
        assert all(f"was approved already by <@{decider}>" in other.text for other in others)
        assert 1 == raised(acme).count(request)
        assert 1 == recorded(acme, request)["request.approved"]

    acme.deliver()
    assert ROUNDS == len(records.decisions(acme.bot, None, None))
    assert 1000 + 10 * ROUNDS == acme.gateway.holds(SEARCH).limit
    assert records.verify(acme.bot).why is None


def test_approval_denial_withdrawal_and_expiry_race(acme: Bench, replicas: Replicas) -> None:
    """Whichever comes first is the outcome; a raise is there only for an approval."""
    one, other = replicas
    for number in range(2 * ROUNDS):
        request = acme.ask("10", f"view:V{number}")
        moments = {True: request.expires_at, False: request.expires_at - timedelta(seconds=1)}

        def late(bot: Bot = one) -> object:
            return overages.expire(bot, moments[True])  # noqa: B023 called before the next round

        def click(bot: Bot, name: str, outcome: RequestState) -> object:
            return overages.decide(bot, request.id, user(name), outcome, "so", moments[False])  # noqa: B023

        calls: list[Callable[[], object]] = [
            partial(click, one, "fin1", RequestState.APPROVED),
            partial(click, other, "fin2", RequestState.DENIED),
            partial(overages.withdraw, other, request.id, "U0DANA", moments[False]),
            late,
            partial(late, other),
        ]
        results = at_once(calls)

        with acme.bot.db.transaction() as tx:
            closed = load(tx, request.id)
        assert closed is not None
        expired = sum(result for result in results if isinstance(result, int))
        decided = [result for result in results if isinstance(result, Decided)]
        assert 1 == expired + len(decided)
        assert (closed.state is RequestState.APPROVED) == (request.id in raised(acme))
        assert 1 == recorded(acme, request.id)[f"request.{closed.state.value}"]
        said = recorded(acme, request.id)
        assert 2 == sum(count for kind, count in said.items() if kind.startswith("request."))
        refused = sum(isinstance(result, NotDecided) for result in results)
        assert refused == said["click.refused"] + said["decision.refused"]


def test_two_votes_at_once_are_one_approval(acme: Bench, replicas: Replicas) -> None:
    """Neither vote misses the other: one of the two completes the approval."""
    one, other = replicas
    for number in range(ROUNDS):
        request = acme.ask("110", f"view:V{number}")
        outcomes = at_once(
            [
                partial(decide, one, acme, request.id, FINANCE[1]),
                partial(decide, other, acme, request.id, LEGAL[0]),
            ]
        )

        assert {Counted, Decided} == {type(outcome) for outcome in outcomes}
        assert 1 == raised(acme).count(request.id)


def test_one_person_is_never_two_people(acme: Bench, replicas: Replicas) -> None:
    """Somebody on both lists who clicks four times at once has one vote, and decides nothing."""
    request = acme.ask("200").id
    outcomes = at_once(
        [partial(decide, bot, acme, request, FINANCE[0]) for bot in (*replicas, *replicas)]
    )

    assert {Counted} == {type(outcome) for outcome in outcomes}
    assert [] == raised(acme)
    with acme.bot.db.transaction() as tx:
        assert [user(FINANCE[0])] == [vote.person for vote in votes.of(tx, request)]
    assert isinstance(decide(acme.bot, acme, request, FINANCE[1]), Decided)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_ten_people_vote_where_two_are_needed(acme: Bench, replicas: Replicas) -> None:
    """The first two who suffice decide; no later vote adds a raise or a name."""
    request = acme.ask("200").id
    names = (*FINANCE, *LEGAL)
    outcomes = at_once(
        [
            partial(decide, bot, acme, request, name)
            for bot, name in zip(cycle(replicas), names, strict=False)
        ]
    )

    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Decided)]
    assert 1 == raised(acme).count(request)
    with acme.bot.db.transaction() as tx:
        given = [vote.person for vote in votes.of(tx, request)]
    assert sorted(winner.request.decided_by) == sorted(given)
