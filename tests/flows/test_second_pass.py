"""The second pass: what was revised after the poll stopped looking heals, every six hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.clients.usage.errors import SourceDataError
from bot.domain.usage import Window
from bot.flows.backfilling import backfill
from bot.flows.history import Pace, read_again_if_due
from bot.flows.tick import tick
from bot.intake.history import Step
from bot.intake.pace import PAUSE
from bot.intake.second_pass import read_again, walk_again
from bot.schedule import run_all
from tests.faults.bench import Bench, bench, close
from tests.flows.past import (
    DAY,
    NOW,
    SIX_WEEKS,
    covered_from,
    held,
    held_rows,
    read_all,
    reports_asked,
    source_of,
    spend_daily,
    state_of,
    told_rows,
)


@dataclass
class Past:
    """Acme with six weeks of history, and the events behind it."""

    acme: Bench
    events: dict[datetime, str]

    def revise(self, days: int, usd: str = "1000") -> None:
        """The provider corrects what was spent so many days ago."""
        moment = max(at for at in self.events if at < self.acme.clock() - days * DAY)
        self.acme.usage.revise(self.events[moment], usd=usd)

    def healed(self, days: int = 40) -> bool:
        """Whether the ledger says of the last days what the source says."""
        since = max(self.acme.clock() - days * DAY, covered_from(self.acme.bot))
        since = since.replace(minute=0, second=0, microsecond=0)
        bot = self.acme.bot
        return told_rows(bot, since) == held_rows(bot, since)


@pytest.fixture
def past(tmp_path: Path, database_url: str) -> Iterator[Past]:
    """All history is read, and the first second pass lies ahead."""
    with bench(tmp_path, database_url, SIX_WEEKS, begins=NOW) as acme:
        events = spend_daily(acme)
        acme.tick()
        read_all(acme.bot)
        assert [] == look_back(acme)
        yield Past(acme, events)


def look_back(acme: Bench, pace: Pace | None = None) -> list[Step]:
    """A run of the job."""
    return read_again_if_due(acme.bot, source_of(acme.bot), pace or Pace(), acme.clock(), no_pause)


def no_pause(_seconds: float) -> None:
    """Nobody waits in a test."""


def test_a_revision_of_twenty_days_ago_heals(past: Past) -> None:
    """After six hours, not before; the polls in between do not look that far."""
    past.revise(days=20)
    past.revise(days=27, usd="0")
    past.acme.later(hours=5)
    run_all(past.acme.bot, past.acme.clock())
    assert not past.healed()
    past.acme.later(hours=1)
    run_all(past.acme.bot, past.acme.clock())

    assert past.healed()
    assert past.acme.clock() == state_of(past.acme.bot).looked_back_at


def test_it_comes_every_six_hours(past: Past) -> None:
    """In between nothing is asked, however often the job runs."""
    past.acme.later(hours=6)
    assert [] != look_back(past.acme)
    asked = reports_asked(past.acme)
    past.acme.later(hours=5, minutes=50)
    assert [] == look_back(past.acme)
    assert asked == reports_asked(past.acme)
    past.acme.later(minutes=10)

    assert [] != look_back(past.acme)


def test_it_reads_thirty_days_up_to_the_look_back(past: Past) -> None:
    """From a local midnight on, a week at a time, to where the poll looks itself; with pauses."""
    waits: list[float] = []
    now = past.acme.clock()
    steps = read_again(past.acme.bot, source_of(past.acme.bot), now, waits.append)

    assert datetime.fromisoformat("2026-10-21T04:00Z") == steps[0].window.starts_at
    assert datetime.fromisoformat("2026-11-18T15:00Z") == steps[-1].window.ends_at
    assert all(s.window.ends_at - s.window.starts_at <= 7 * DAY + timedelta(hours=1) for s in steps)
    assert [PAUSE] * (len(steps) - 1) == waits


def test_only_what_is_covered_is_read_again(tmp_path: Path, database_url: str) -> None:
    """The second pass does not do history's work."""
    with bench(tmp_path, database_url, SIX_WEEKS, begins=NOW) as acme:
        spend_daily(acme)
        acme.tick()
        covered = covered_from(acme.bot)
        steps = read_again(acme.bot, source_of(acme.bot), acme.clock(), no_pause)

        assert covered == steps[0].window.starts_at == covered_from(acme.bot)


def test_a_chunk_that_fails_does_not_lose_the_others(past: Past) -> None:
    """It is left to the pass after the next six hours, and the others are healed now."""
    past.revise(days=28)
    past.revise(days=15)
    past.acme.later(hours=6)
    past.acme.usage.faults.add("malformed", "analytics/cost", body='{"data": 1}')
    steps = look_back(past.acme)

    assert isinstance(steps[0].error, SourceDataError)
    assert [None] * 4 == [step.error for step in steps[1:]]
    assert past.healed(days=20)
    assert not past.healed()
    past.acme.later(hours=6)
    look_back(past.acme)
    assert past.healed()


def test_a_pass_in_which_nothing_was_read_comes_again_soon(past: Past) -> None:
    """It does not count as one."""
    past.revise(days=20)
    past.acme.later(hours=6)
    past.acme.usage.faults.add("malformed", "analytics/cost", times=5, body='{"data": 1}')
    assert {SourceDataError} == {type(step.error) for step in look_back(past.acme)}
    past.acme.later(minutes=10)
    look_back(past.acme)

    assert past.healed()


def test_a_pass_that_a_rate_limit_broke_off_goes_on_there(past: Past) -> None:
    """Nothing more is asked in that run; the next one begins with the chunk that failed."""
    past.revise(days=28)
    past.revise(days=15)
    past.acme.later(hours=6)
    pace = Pace()
    first = look_back_once_limited(past, pace)
    past.acme.later(minutes=10)
    rest = look_back(past.acme, pace)

    assert [True, False] == [step.error is None for step in first]
    assert first[-1].window.starts_at == rest[0].window.starts_at
    assert rest[0].window.ends_at - rest[0].window.starts_at <= 3 * DAY
    assert past.healed()
    past.acme.later(minutes=10)
    assert [] == look_back(past.acme, pace)


def look_back_once_limited(past: Past, pace: Pace) -> list[Step]:
    """A run in which the second chunk meets a rate limit of a minute."""

    def limit(_seconds: float) -> None:
        past.acme.usage.faults.add("error", status=429, type="rate_limit_error", retry_after=60)

    acme = past.acme
    return read_again_if_due(acme.bot, source_of(acme.bot), pace, acme.clock(), limit)


def test_while_polls_fail_nothing_is_looked_at(past: Past) -> None:
    """A source that is down is asked by the poll alone."""
    past.acme.later(hours=7)
    past.acme.usage.faults.add("error", times=None, status=403, type="permission_error")
    past.acme.tick()
    asked = reports_asked(past.acme)

    assert [] == look_back(past.acme)
    assert asked == reports_asked(past.acme)


def test_what_an_operator_heals_by_force(past: Past) -> None:
    """`since` a day that is covered: the rows from there to the present hour are the source's."""
    past.revise(days=35)
    past.revise(days=0)
    acme = past.acme
    since = acme.clock() - 36 * DAY
    report = backfill(acme.bot, source_of(acme.bot), since, acme.clock(), sleep=no_pause)

    assert past.healed()
    assert report.rows == told_rows(acme.bot, report.starts_at or acme.clock()).total()
    assert (None, False) == (report.error, report.stopped)
    without = backfill(acme.bot, source_of(acme.bot), None, acme.clock(), sleep=no_pause)
    assert (0, None) == (without.rows, without.starts_at)


def test_a_poll_that_was_quicker_is_not_undone(past: Past) -> None:
    """Figures that were read before a poll and written after it are read once more."""
    acme, other = past.acme, past.acme.replica()
    polls = iter([tick])

    def poll() -> None:
        for run in polls:
            acme.usage.spend(acme.clock(), "77", workspace="team-search")
            run(other, acme.clock() + timedelta(seconds=1))

    now = acme.clock()
    span = Window(now - timedelta(hours=5), now)
    steps = list(walk_again(held(acme.bot, poll), source_of(acme.bot), span, now, no_pause))
    close(other)

    assert [True] == [step.taken for step in steps]
    assert past.healed()


def test_a_rate_limit_is_waited_for_when_somebody_waits(past: Past) -> None:
    """By force as by walking back: as long as the source says, and then the same days again."""
    past.revise(days=35)
    waits: list[float] = []
    past.acme.usage.faults.add("error", status=429, type="rate_limit_error", retry_after=45)
    since = past.acme.clock() - 36 * DAY
    backfill(past.acme.bot, source_of(past.acme.bot), since, past.acme.clock(), sleep=waits.append)

    assert 45.0 == waits[0]
    assert past.healed()


def test_that_weeks_cost_nothing_is_not_believed_unasked(past: Past) -> None:
    """A source that cannot look says $0; only an operator takes it at its word."""
    acme, before = past.acme, held_rows(past.acme.bot)
    for moment, event in past.events.items():
        for hour in range(2):  # a handful of rows may be taken back
            acme.usage.spend(moment + timedelta(hours=hour), "3", workspace="team-search")
        acme.usage.revise(event, usd="1")
    since = covered_from(acme.bot)
    backfill(acme.bot, source_of(acme.bot), since, acme.clock(), sleep=no_pause)
    told = held_rows(acme.bot)
    for event in acme.usage.events:
        acme.usage.revise(event, usd="0")
    acme.later(hours=6)
    steps = look_back(acme)

    assert before != told
    assert any("unknown, not zero" in str(step.error) for step in steps)
    assert not past.healed()
    backfill(acme.bot, source_of(acme.bot), since, acme.clock(), sleep=no_pause)
    assert past.healed()
