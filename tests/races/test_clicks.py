"""Clicks at once through bolt, signed requests and a Slack that answers."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.flows import records
from bot.sandbox.slack import Answer
from handlers.errors import SORRY
from tests.races.cuts import cutting
from tests.races.policy import FINANCE, POLICY, more_people
from tests.races.starts import at_once
from tests.story.town import Town, at, town


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Acme with a running bot and a request that waits for one of eight."""
    with town(tmp_path, database_url, "http", at("2026-11-03 09:00"), POLICY) as place:
        more_people(place)
        place.turn()
        place.person("dana").types("/budget request search 40 launch week")
        place.settles()
        yield place


def test_eight_approvers_press_at_once(acme: Town) -> None:
    """Every click is acknowledged; one decides, and seven people read who it was."""
    (card,) = acme.slack.channel("#ai-approvals").messages()
    people = [acme.person(name) for name in FINANCE]
    answers: list[Answer] = at_once(
        [partial(person.presses, "request:approve", card) for person in people]
    )
    assert all(answer.ok for answer in answers)
    told = acme.slack.wait_until(
        lambda: found if len(found := [p for p in people if p.ephemerals()]) == 7 else None
    )
    acme.settles()

    (decider,) = set(people) - set(told)
    for person in told:
        (answer,) = person.ephemerals()
        assert f"was approved already by <@{decider.id}>" in answer.text
    (decision,) = records.decisions(acme.bot.bot, None, None)
    assert [decider.id] == decision["decided_by"]
    assert 1040 == acme.limit_at_gateway()
    sent = [e.version for e in acme.gateway.journal if e.budget == "search"]
    assert [1, 2] == sent
    (card,) = acme.slack.channel("#ai-approvals").messages()
    assert "Limit lifted to $1,040 ✓" in card.text
    assert ["exception:end"] == [action for action, *_ in card.buttons()]
    assert records.verify(acme.bot.bot).why is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_sixteen_presses_while_connections_are_cut(acme: Town, database_url: str) -> None:
    """Every press is acknowledged and answered, if only by a request to try again; one decides."""
    (card,) = acme.slack.channel("#ai-approvals").messages()
    people = [acme.person(name) for name in FINANCE]
    with cutting(database_url) as cut:
        answers: list[Answer] = at_once(
            [partial(person.presses, "request:approve", card) for person in (*people, *people)]
        )

        def told() -> int:
            return sum(len(person.ephemerals()) for person in people)

        acme.slack.wait_until(lambda: told() >= 15 or None)
    assert all(answer.ok for answer in answers)
    assert sum(cut) > 0
    if not records.decisions(acme.bot.bot, None, None):  # everybody was asked to try again
        people[0].presses("request:approve", card)
    acme.slack.wait_until(lambda: records.decisions(acme.bot.bot, None, None))
    # What a worker had in hand when its connection was cut is let go when its lease is over.
    acme.clock.to(at("2026-11-03 09:01"))
    acme.settles()

    (decision,) = records.decisions(acme.bot.bot, None, None)
    (decider,) = decision["decided_by"]
    words = {answer.text for person in people for answer in person.ephemerals()}
    known = {SORRY, f"Request #1 was approved already by <@{decider}>, Tue 3 Nov 09:00."}
    assert words <= known
    assert 1040 == acme.limit_at_gateway()
    assert records.verify(acme.bot.bot).why is None
