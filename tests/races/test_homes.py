"""Two replicas keep the same Home tabs up to date: what changed is published once, and not missed."""

from functools import partial
from pathlib import Path

import pytest

from bot.flows import home
from tests.faults.bench import bench, close, deliver_all
from tests.races.policy import POLICY, more_people
from tests.races.starts import at_once

PEOPLE = ("U0DANA", "U0LEE", "U0FIN", "U0TOM", "U0KIM")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_replicas_at_once_publish_each_change_once(tmp_path: Path, database_url: str) -> None:
    """Both are told of every opening, both look, and both deliver."""
    with bench(tmp_path, database_url, POLICY) as acme:
        more_people(acme.town)
        acme.turn()
        other = acme.replica()
        bots = (acme.bot, other)

        def published() -> int:
            return sum(call.method == "views.publish" for call in acme.slack.journal)

        def everywhere() -> None:
            at_once([partial(deliver_all, bot, at=acme.clock()) for bot in bots])

        opened = [
            partial(home.opened, bot, person, f"Ev{person}", acme.clock())
            for bot in bots
            for person in PEOPLE
        ]
        assert len(PEOPLE) == sum(at_once(opened))
        everywhere()
        assert len(PEOPLE) == published()
        for number in range(1, 4):
            acme.usage.spend(acme.clock(), "1", workspace="team-search")
            acme.later(minutes=1)
            acme.turn()
            before = published()
            counts = at_once([partial(home.refresh, bot, acme.clock()) for bot in bots * 2])
            everywhere()
            assert sum(counts) == published() - before, number
            assert sum(counts) >= 2, number  # owner and backup at least
            assert 0 == home.refresh(acme.bot, acme.clock()), number
        close(other)
