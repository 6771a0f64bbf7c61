"""Eight clicks at once through bolt, signed requests and a Slack that answers."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.flows import records
from bot.sandbox.slack import Answer
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
    assert [] == card.buttons()
    assert records.verify(acme.bot.bot).why is None
