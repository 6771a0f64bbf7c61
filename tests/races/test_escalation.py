"""Two replicas and one alert that nobody answers: every step once, and an answer before or after it."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest

from bot.domain.alerts import AnswerKind
from bot.domain.people import Person
from bot.flows import alerts, records
from bot.flows.escalation import escalate
from bot.parts import Bot
from tests.faults.bench import Bench
from tests.races.starts import at_once

Replicas = tuple[Bot, Bot]
postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
DANA = Person("U0DANA", "Dana", "dana@example.com")


def steps(acme: Bench) -> Sequence[object]:
    """The steps in the record."""
    rows = list(records.audit_rows(acme.bot, None, None))
    return [row["data"]["step"] for row in rows if row["kind"] == "alert.escalated"]


def fired(acme: Bench) -> None:
    """Search has spent what makes it urgent, and Dana knows."""
    acme.town.spends("960")
    acme.later(minutes=1)
    acme.turn()
    assert 1 == len(acme.town.said_to("dana"))


def test_two_replicas_take_every_step_once(acme: Bench, replicas: Replicas) -> None:
    """Both find it due in the same moment, four times each."""
    fired(acme)
    for minutes in (61, 31, 31, 31):
        acme.later(minutes=minutes)
        now = acme.clock()
        taken = at_once([partial(escalate, bot, now) for bot in (*replicas, *replicas)])
        assert sum(taken) <= 1
        acme.deliver()

    assert ["reminder", "approvers", "channel"] == steps(acme)  # it has no backup
    assert {1} == set(Counter(acme.town.said_to("fin3")).values())
    assert 2 == len(acme.town.said_to("dana"))


@postgresql
@pytest.mark.parametrize("turn", range(6))
def test_an_answer_comes_before_a_step_or_after_it(
    acme: Bench, replicas: Replicas, turn: int
) -> None:
    """Never in between: either nobody is told, or the copies that went out show the answer."""
    one, other = replicas
    fired(acme)
    acme.later(minutes=61)
    now = acme.clock()
    calls = [
        partial(escalate, one, now),
        partial(alerts.answer, other, 1, AnswerKind.ON_IT, DANA, now),
    ]
    at_once(calls if turn % 2 else calls[::-1])  # type: ignore[arg-type]
    acme.deliver()

    told = acme.town.said_to("dana")
    assert len(told) == 1 + len(steps(acme))
    assert all("is on it" in text for text in told)
    acme.later(minutes=31)
    assert 0 == escalate(one, acme.clock())
