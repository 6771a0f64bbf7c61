"""Several alerts in one message, answered from many hands while worse ones fire, on two replicas."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from bot.domain.alerts import AnswerKind
from bot.domain.people import Person
from bot.flows import alerts, records
from bot.flows.escalation import escalate
from bot.flows.tick import tick
from bot.parts import Bot
from bot.sandbox.slack.messages import Message
from tests.faults.bench import POLICY, Bench, bench, close
from tests.races.starts import at_once

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
DANA = Person("U0DANA", "Dana", "dana@example.com")
TEAMS = ("red", "green", "blue", "grey")
FOUR = (
    POLICY.split("budgets:\n")[0]
    + "budgets:\n"
    + "".join(
        f"  - {{id: {name}, name: {name.title()}, owner: dana@example.com, limit: 100, "
        f"match: [{{workspace: team-{name}}}]}}\n"
        for name in TEAMS
    )
)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Dana has one message about four budgets; each asks for an answer."""
    with bench(tmp_path, database_url, FOUR) as place:
        for name in TEAMS:
            place.usage.add_workspace(f"team-{name}")
        place.turn()
        spend(place, "55", *TEAMS)
        yield place


@pytest.fixture
def replicas(acme: Bench) -> Iterator[tuple[Bot, Bot]]:
    """The bench's bot and a second one."""
    other = acme.replica()
    yield acme.bot, other
    close(other)


def spend(acme: Bench, usd: str, *teams: str) -> None:
    """By each; a minute later they were looked at, and told."""
    for name in teams:
        acme.town.spends(usd, workspace=f"team-{name}")
    acme.later(minutes=1)
    acme.turn()


def together(acme: Bench) -> Message:
    """The first message, as it stands now."""
    (message,) = acme.posted("alerts:1")
    return message


def test_answers_cross_with_worse_stages(acme: Bench, replicas: tuple[Bot, Bot]) -> None:
    """Nobody waits crosswise: every press is answered, and the message ends with what became of each."""
    for name in ("red", "blue"):
        acme.town.spends("30", workspace=f"team-{name}")
    acme.later(minutes=1)
    now = acme.clock()
    calls: list[Callable[[], object]] = [
        partial(alerts.answer, bot, number, AnswerKind.ON_IT, DANA, now)
        for bot, number in zip(cycle(replicas), [1, 2, 3, 4, 4, 3, 2, 1], strict=False)
    ]
    calls += [partial(tick, bot, now) for bot in replicas]
    *said, _, _ = at_once(calls)
    at_once([partial(escalate, bot, now) for bot in replicas])
    acme.deliver()

    answered = sum(isinstance(one, alerts.Answered) for one in said)
    rows = records.audit_rows(acme.bot, None, None)
    assert answered == sum(row["kind"] == "alert.answered" for row in rows)
    assert 2 <= answered <= 4
    told = together(acme)
    assert 2 == told.text.count("Replaced by the newer alert: respond")
    assert answered == told.text.count("is on it")
    assert records.verify(acme.bot).why is None
