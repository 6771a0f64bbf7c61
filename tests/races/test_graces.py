"""The last word on a limit from many hands at once, on two replicas, while they tick."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from bot.domain.grace import Word
from bot.domain.limits import Mode
from bot.domain.people import Person
from bot.flows import graces, records
from bot.flows.tick import tick
from bot.parts import Bot
from store import limits
from tests.faults.bench import POLICY, SEARCH, Bench, bench, close
from tests.races.starts import at_once

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
DANA = Person("U0DANA", "Dana", "dana@example.com")
LEE = Person("U0LEE", "Lee", "lee@example.com")


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Search has reached its limit, and has two hours."""
    with bench(
        tmp_path, database_url, POLICY.replace("at_limit: block", "at_limit: block\n    grace: 2h")
    ) as place:
        place.turn()
        place.usage.spend(place.clock(), "120", workspace="team-search")
        place.later(minutes=5)
        place.turn()
        yield place


@pytest.fixture
def replicas(acme: Bench) -> Iterator[tuple[Bot, Bot]]:
    """The bench's bot and a second one."""
    other = acme.replica()
    yield acme.bot, other
    close(other)


def kinds(acme: Bench) -> list[str]:
    """What the record says of the grace."""
    rows = list(records.audit_rows(acme.bot, None, None))
    return [row["kind"] for row in rows if row["kind"].startswith("grace.")]


def test_it_is_held_off_once(acme: Bench, replicas: tuple[Bot, Bot]) -> None:
    """Eight say so, owner and backup, and both replicas tick: one does it, seven read who did."""
    now = acme.clock()
    calls: list[Callable[[], object]] = [
        partial(graces.say, bot, 1, Word.HOLD, who, now)
        for bot, who in zip(cycle(replicas), [DANA, LEE, LEE, DANA] * 2, strict=False)
    ]
    calls += [partial(tick, bot, now) for bot in replicas]
    *answers, _, _ = at_once(calls)

    assert 1 == answers.count(None)
    assert 7 == sum("held it off already" in str(answer) for answer in answers)
    assert ["grace.hold"] == kinds(acme)
    acme.deliver()
    told = [m.text for m in acme.slack.channel("#ai-approvals").messages()]
    assert 1 == sum("holds the response off, once" in text for text in told)


def test_now_and_later_at_once(acme: Bench, replicas: tuple[Bot, Bot]) -> None:
    """Whatever comes first: the response holds in the end, is told once, and the record is whole."""
    now = acme.clock()
    words = [Word.NOW, Word.HOLD, Word.NOW, Word.HOLD]
    calls: list[Callable[[], object]] = [
        partial(graces.say, bot, 1, word, DANA, now)
        for bot, word in zip(cycle(replicas), words, strict=False)
    ]
    calls += [partial(tick, bot, now) for bot in replicas]
    *answers, _, _ = at_once(calls)

    assert kinds(acme) in (["grace.now", "grace.over"], ["grace.hold", "grace.now", "grace.over"])
    assert len(kinds(acme)) - 1 == answers.count(None)
    with acme.bot.db.transaction() as tx:
        held = limits.load(tx, SEARCH)
    assert held is not None
    assert Mode.BLOCK is held.state.mode
    acme.deliver()
    assert "block" == acme.gateway.holds("search").mode
    assert records.verify(acme.bot).why is None
