"""A runaway loop: told within the hour, closed when it is over, overtaken by the limit it runs into."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.story.test_answers import steps
from tests.story.test_lead_time import policy, spends_on_working_days
from tests.story.town import Town, at, town

# The month of test_month, and the races, go through both databases; what is told is the same.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NIGHT = "2026-11-19 02:10"


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """A team of $8 a working day, with $1,000 for November, in the evening."""
    with town(tmp_path, database_url, "http", at("2026-11-18 18:00"), policy(1000)) as place:
        spends_on_working_days(place, "2026-10-19", "2026-11-18", "8")
        place.turn()
        yield place


def loops(acme: Town, usd: str, minutes: int) -> None:
    """Every ten minutes so much, until Dana is told; then the clock goes on."""
    moment = at(NIGHT)
    while not acme.said_to("dana"):
        acme.clock.to(moment)
        acme.spends(usd)
        acme.turn()
        moment += timedelta(minutes=10)
    acme.clock.to(acme.clock() + timedelta(minutes=minutes))


def home(acme: Town) -> str:
    """What stands on Dana's Home tab."""
    return json.dumps(shown.blocks) if (shown := acme.person("dana").home()) else ""


def test_a_loop_that_is_over_is_closed(acme: Town) -> None:
    """Nobody is reminded, its message says since when, and Home asks for no answer any more."""
    loops(acme, "8", 1)
    acme.person("dana").opens_home()
    acme.slack.wait_until(acme.person("dana").home)
    waits = home(acme)
    acme.goes_to("2026-11-19 10:00")
    acme.goes_to("2026-11-19 10:05")

    assert "Waiting for your answer" in waits
    assert [] == steps(acme)
    assert "Over Thu 19 Nov 10:00: it spends as usual again." in acme.said_to("dana")[0]
    acme.slack.wait_until(lambda: "Waiting for your answer" not in home(acme) or None)


def test_a_loop_that_runs_into_the_limit_is_one_question(acme: Town) -> None:
    """The limit's own alert takes the place of the spike's: nobody is reminded of both."""
    loops(acme, "8", 1)
    acme.spends("1000")
    acme.turn()
    acme.goes_to(acme.clock() + timedelta(hours=2))

    spike, limit, reminder = acme.said_to("dana")
    assert "Replaced by the newer alert: exhausted" in spike
    assert limit.startswith("exhausted: ")
    assert "exhausted: Search ranking" in reminder


def test_where_spikes_are_off_nobody_is_woken(tmp_path: Path, database_url: str) -> None:
    """The stages are told as ever, and a loop that is far from the limit is none."""
    silent = policy(10_000).replace(
        "at_limit: block", "at_limit: block\n    thresholds: {spike: off}"
    )
    with town(tmp_path, database_url, "http", at("2026-11-18 18:00"), silent) as acme:
        spends_on_working_days(acme, "2026-10-19", "2026-11-18", "8")
        acme.turn()
        for minutes in range(0, 120, 10):
            acme.clock.to(at(NIGHT) + timedelta(minutes=minutes))
            acme.spends("30")
            acme.turn()

        assert not any("Far faster" in text for text in acme.said_to("dana"))


def test_a_loop_beyond_the_limit_is_not_told_as_something_milder(
    tmp_path: Path, database_url: str
) -> None:
    """Where only people are told, spend goes on: it is told as exhausted, and since when."""
    telling = policy(100).replace("at_limit: block", "at_limit: notify")
    with town(tmp_path, database_url, "http", at("2026-11-18 18:00"), telling) as acme:
        spends_on_working_days(acme, "2026-10-19", "2026-11-18", "8")
        acme.turn()
        assert acme.said_to("dana")[0].startswith("exhausted: ")
        acme.clock.to(at(NIGHT))
        while "Far faster" not in acme.said_to("dana")[-1]:
            acme.spends("8")
            acme.turn()
            acme.clock.to(acme.clock() + timedelta(minutes=10))

        told = acme.said_to("dana")[-1]
        assert told.startswith("exhausted: Search ranking has spent $1")
        assert "Far faster than usual: $" in told
        assert "from Thu 19 Nov 02:00 to 02:" in told
        assert "the limit is reached" in told.lower()
        assert "lead time" not in told


def test_a_loop_is_told_where_it_is(tmp_path: Path, database_url: str) -> None:
    """The owner of the budget above, somebody else, is not woken by what is all a budget's below."""
    above = "budgets:\n  - {id: platform, name: Platform, owner: pat@example.com, limit: 1500}\n"
    nested = (
        policy(1000)
        .replace("budgets:\n", above)
        .replace("    name: Search", "    parent: platform\n    name: Search")
    )
    with town(tmp_path, database_url, "http", at("2026-11-18 18:00"), nested) as acme:
        spends_on_working_days(acme, "2026-10-19", "2026-11-18", "8")
        acme.turn()
        loops(acme, "8", 1)
        acme.turn()

        assert "Far faster than usual" in acme.said_to("dana")[0]
        assert [] == acme.said_to("pat")
        muted = [row["subject"] for row in acme.record() if row["kind"] == "alert.muted"]
        assert any("platform" in str(subject) and "spike" in str(subject) for subject in muted)
