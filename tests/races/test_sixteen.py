"""Sixteen at once on two replicas, while connections are cut: one outcome, one raise, all answered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle

import pytest

from bot.domain.money import Micros, micros
from bot.domain.overages import Draft, OverageRequest, RequestState, Terms
from bot.flows import overages, records
from bot.flows.overages import Click, Counted, Decided, NotDecided
from bot.parts import Bot
from store import overages as stored
from store import raises, votes
from tests.faults.bench import SEARCH, Bench
from tests.races.cuts import cutting, insisting
from tests.races.policy import FINANCE, LEGAL
from tests.races.starts import at_once

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
Replicas = tuple[Bot, Bot]
ROUNDS = 4
APPROVED, DENIED = RequestState.APPROVED, RequestState.DENIED
NAMES = (*FINANCE, *LEGAL)


@dataclass(frozen=True, slots=True)
class Press:
    """One person's click: outright, or with less in the form."""

    who: str
    outcome: RequestState = APPROVED
    amount: str | None = None

    def on(self, bot: Bot, request: OverageRequest, now: datetime) -> object:
        terms = Terms(micros(self.amount), request.ends_at) if self.amount else None
        reason = "no" if self.outcome is DENIED else None
        click = Click(request.revision, terms)
        return overages.decide(bot, request.id, user(self.who), self.outcome, reason, now, click)


def user(name: str) -> str:
    """Their id in Slack."""
    return f"U0{name.upper()}"


def amend(bot: Bot, request: OverageRequest, amount: str) -> object:
    """The requester changes it, unless it is over by then."""
    with bot.db.transaction() as tx:
        current = stored.load(tx, request.id, lock=True)
        assert current is not None
        draft = Draft(
            budget=current.budget,
            requester=current.requester,
            amount=micros(amount),
            reason=current.reason,
            ends_at=current.ends_at,
            expires_at=current.expires_at,
            lists=current.lists,
            both=current.both,
            figures=current.figures,
        )
        stored.amend(tx, current, draft, current.remind_at)
    return "changed"


def presses(two_people: bool) -> list[Press]:
    """Twelve of the sixteen; the rest are the requester, the clock and the change."""
    less = [Press(who, amount=amount) for who, amount in zip(NAMES[1:5], "5678", strict=True)]
    outright = [Press(who) for who in (*NAMES[5:9], NAMES[1], NAMES[9])]
    denials = [] if two_people else [Press(NAMES[7], DENIED)]
    more = [Press(NAMES[8])] if two_people else []
    return [*less, *outright, *denials, *more, Press(NAMES[0])]


def left(acme: Bench, request: OverageRequest) -> tuple[OverageRequest, list[Micros]]:
    """What became of it, and the raises that it has."""
    with acme.bot.db.transaction() as tx:
        closed = stored.load(tx, request.id)
        there = [r.extra for r in raises.of_budget(tx, SEARCH) if r.request == request.id]
    assert closed is not None
    return closed, there


def outcomes_recorded(acme: Bench, request: OverageRequest) -> list[str]:
    """The rows of the record that say how it ended."""
    ends = {f"request.{state.value}" for state in RequestState}
    rows = list(records.audit_rows(acme.bot, None, None))
    return [r["kind"] for r in rows if r["kind"] in ends and r["data"]["request"] == request.id]


def check(acme: Bench, request: OverageRequest, answers: list[object]) -> OverageRequest:
    """One outcome, told once; a raise for an approval and of what was granted; all are answered."""
    closed, there = left(acme, request)
    assert closed.state is not RequestState.PENDING
    assert [f"request.{closed.state.value}"] == outcomes_recorded(acme, request)
    assert there == ([closed.granted] if closed.state is APPROVED else [])
    assert sum(isinstance(answer, Decided) for answer in answers) <= 1
    for answer in answers:
        assert isinstance(answer, Decided | Counted | NotDecided | int | str)
        if isinstance(answer, Counted | NotDecided):
            assert f"#{request.id}" in answer.text or "approv" in answer.text
    assert records.verify(acme.bot).why is None
    return closed


def test_sixteen_at_once(acme: Bench, replicas: Replicas, database_url: str) -> None:
    """Approvals, smaller approvals, denials, a change, a withdrawal and the expiry, all together."""
    cuts = 0
    for number in range(ROUNDS):
        request = acme.ask("10", f"view:V{number}")
        late = request.expires_at
        now = late - timedelta(seconds=1)
        calls: list[Callable[[], object]] = [
            partial(press.on, bot, request, now)
            for bot, press in zip(cycle(replicas), presses(two_people=False), strict=False)
        ]
        calls += [
            partial(overages.withdraw, replicas[0], request.id, "U0DANA", now),
            partial(overages.expire, replicas[1], late),
            partial(amend, replicas[0], request, "12"),
            partial(overages.remind, replicas[1], now),
        ]
        assert 16 == len(calls)
        with cutting(database_url) as cut:
            answers = at_once([partial(insisting, call) for call in calls])
        cuts += sum(cut)
        insisting(partial(overages.expire, acme.bot, late))
        insisting(partial(check, acme, request, answers))

    assert cuts > 0


def test_sixteen_at_once_where_two_are_needed(
    acme: Bench, replicas: Replicas, database_url: str
) -> None:
    """Two distinct people, one from each list; the smaller of their amounts; nobody is added later."""
    cuts = 0
    for number in range(ROUNDS):
        request = acme.ask("110", f"view:V{number}")
        now = acme.clock()
        everyone = [*presses(two_people=True), *(Press(who) for who in NAMES[1:5])]
        calls: list[Callable[[], object]] = [
            partial(press.on, bot, request, now)
            for bot, press in zip(cycle(replicas), everyone, strict=False)
        ]
        assert 16 == len(calls)
        with cutting(database_url) as cut:
            answers = at_once([partial(insisting, call) for call in calls])
        cuts += sum(cut)

        closed = insisting(partial(check, acme, request, answers))
        assert APPROVED is closed.state
        people = set(closed.decided_by)
        assert len(people) == len(closed.decided_by)
        assert people & {user(name) for name in FINANCE}
        assert people & {user(name) for name in (*LEGAL, FINANCE[0])}
        with_all_votes = insisting(partial(given, acme, request))
        assert people == {vote.person for vote in with_all_votes}
        amounts = [vote.terms.amount for vote in with_all_votes if vote.terms]
        assert min([*amounts, request.amount]) == closed.granted
        insisting(partial(end, acme, request))

    assert cuts > 0


def given(acme: Bench, request: OverageRequest) -> list[votes.Vote]:
    """The approvals that stand in the database."""
    with acme.bot.db.transaction() as tx:
        return votes.of(tx, request.id)


def end(acme: Bench, request: OverageRequest) -> None:
    """Make room for the next round: the policy caps the sum of what is live."""
    acme.later(seconds=1)
    with acme.bot.db.transaction() as tx:
        raises.end_early(tx, request.id, "U0DANA", acme.clock())
