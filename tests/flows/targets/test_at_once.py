"""Two targets that answer at the same moment, and the summary as the least of its targets."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clients.enforcement import Confirmed
from bot.domain.limits import Mode
from bot.domain.targets import LITELLM, WEBHOOK
from bot.effects.following import confirm, follow
from bot.parts import Bot
from store import limits, target_states
from store.outbox import Lane
from tests.faults.bench import SEARCH, deliver_all
from tests.flows.targets.place import Meeting, TwoTargets, two_targets
from tests.races.starts import PATIENCE, at_once

ROUNDS = 8
VERSION = st.integers(1, 4)
TARGET = st.sampled_from([WEBHOOK, LITELLM])
STEP = st.one_of(
    st.tuples(st.just("change"), st.just(WEBHOOK), st.just(0)),
    st.tuples(st.sampled_from(["confirm", "accept"]), TARGET, VERSION),
    st.tuples(st.sampled_from(["edit", "drift", "look", "fail"]), TARGET, st.just(0)),
)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_that_confirm_at_once_one_says_that_it_is_lifted(
    tmp_path: Path, database_url: str
) -> None:
    """Two replicas, each with the answer of one target in its hands: told once, and never not at all."""
    with two_targets(tmp_path, database_url) as acme:
        acme.turn()
        other = acme.replica()
        for _ in range(ROUNDS):
            acme.later(minutes=1)
            request = acme.approve_more("5")
            line = threading.Barrier(2)
            meet = partial(line.wait, PATIENCE)
            bots = [_meeting(bot, meet) for bot in (acme.bot, other)]
            lanes = (Lane.WEBHOOK, Lane.GATEWAY)
            at = acme.clock()
            at_once(
                [
                    partial(deliver_all, bot, lane, at=at)
                    for bot, lane in zip(bots, lanes, strict=True)
                ]
            )
            acme.deliver()

            assert acme.held().confirmed
            assert 1 == len(acme.posted(f"request:{request}:applied:U0DANA"))
            assert f"Limit lifted to ${100 + 5 * request} ✓" in acme.card(request)
        applied = [row["request"] for row in acme.audited("exception.applied")]
        assert list(range(1, ROUNDS + 1)) == applied
        for target in other.targets.values():
            target.close()
        other.db.close()


def _meeting(bot: Bot, meet: partial[int]) -> Bot:
    return replace(bot, targets={kind: Meeting(t, meet) for kind, t in bot.targets.items()})


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[TwoTargets]:
    """One bench for all examples: each begins with a state that nobody has confirmed."""
    with two_targets(tmp_path, database_url) as acme:
        acme.tick()
        yield acme


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEP, max_size=12))
def test_what_counts_as_confirmed_is_the_least_of_all_targets(
    place: TwoTargets, steps: list[tuple[str, str, int]]
) -> None:
    """Whatever they answer, in whatever order; and never more than was ever sent."""
    _begin_anew(place)
    for what, target, back in steps:
        _answer(place, what, target, back)
        held = place.held()
        states = [place.state(kind) for kind in (WEBHOOK, LITELLM)]
        assert min(state.confirmed_version for state in states) == held.confirmed_version
        assert held.confirmed_version <= held.accepted_version <= held.version
        assert held.confirmed == all(s.confirmed_version >= held.version for s in states)


def _begin_anew(place: TwoTargets) -> None:
    """A version above all that were confirmed, and both targets of no mind."""
    now = place.clock()
    with place.bot.db.transaction() as tx:
        for kind in (WEBHOOK, LITELLM):
            target_states.drift(tx, SEARCH, kind, now)
        follow(tx, place.bot, SEARCH, now)


def _answer(place: TwoTargets, what: str, target: str, back: int) -> None:
    """One answer, for the newest version or one of those before it."""
    now, bot = place.clock(), place.bot
    with bot.db.transaction() as tx:
        held = limits.load(tx, SEARCH, lock=True)
        assert held is not None
        version = max(held.version - back + 1, 1)
        match what:
            case "change":
                block = held.state.mode is Mode.ALLOW
                mode = Mode.BLOCK if block else Mode.ALLOW
                limits.change(tx, replace(held.state, mode=mode), now)
            case "confirm":
                confirm(tx, bot, SEARCH, target, Confirmed(version, {"version": version}), now)
            case "accept":
                target_states.accept(tx, SEARCH, target, version, "")
            case "edit":
                target_states.edit(tx, SEARCH, target, {"by": "hand"}, "by hand", now)
            case "drift":
                target_states.drift(tx, SEARCH, target, now)
            case "look":
                target_states.look(tx, SEARCH, target, now)
            case _:
                target_states.fail(tx, SEARCH, target, "500", now)
        follow(tx, bot, SEARCH, now)
