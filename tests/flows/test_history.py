"""History: every dollar of the past lands once, whatever fails, waits, dies or comes twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.clients.usage.errors import SourceUnavailable
from bot.domain.attribution import Charge
from bot.domain.budgets import UNATTRIBUTED
from bot.domain.money import micros
from bot.domain.periods import midnight
from bot.domain.usage import Tokens, UsageRow
from bot.flows.backfilling import backfill
from bot.flows.history import Pace, read_step_back
from bot.flows.records import audit_rows
from bot.flows.tick import tick
from bot.intake.history import read_older, walk_back
from bot.intake.pace import PAUSE
from bot.parts import Bot
from bot.sandbox.mlflow import Mlflow
from store import ledger, standings
from tests.faults.bench import POLICY, Bench, bench, close
from tests.faults.crashes import killed
from tests.flows.past import (
    NOW,
    SIX_WEEKS,
    WholeDays,
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

ZONE = ZoneInfo("America/New_York")


def no_pause(_seconds: float) -> None:
    """Nobody waits in a test."""


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Acme after the first poll, with three months of spend before it."""
    with bench(tmp_path, database_url, begins=NOW) as place:
        spend_daily(place)
        place.tick()
        yield place


@pytest.fixture
def few(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """The same, with a policy that asks for six weeks only."""
    with bench(tmp_path, database_url, SIX_WEEKS, begins=NOW) as place:
        spend_daily(place)
        place.tick()
        yield place


def test_history_is_what_one_big_read_would_have_been(acme: Bench) -> None:
    """Chunk by chunk to the local day 92 days ago, across the end of summer time: the same rows."""
    steps = read_all(acme.bot)

    begins = datetime(2026, 8, 20, tzinfo=ZONE)
    assert begins == covered_from(acme.bot)
    assert told_rows(acme.bot, begins) == held_rows(acme.bot)
    assert 11 == len(steps)


def test_a_chunk_is_whole_local_days_and_seven_at_most(acme: Bench) -> None:
    """They meet, each begins at a local midnight, and the last ends where the first poll began."""
    first = covered_from(acme.bot)
    windows = [step.window for step in read_all(acme.bot)]

    assert first == windows[0].ends_at
    assert all(earlier.ends_at == later.starts_at for later, earlier in pairwise(windows))
    for window in windows:
        day = window.starts_at.astimezone(ZONE).date()
        assert midnight(day, ZONE) == window.starts_at
        assert window.ends_at <= midnight(day + timedelta(days=7), ZONE)


def test_a_source_of_utc_days_fits_local_ones(few: Bench) -> None:
    """What it tells beyond the days that were asked for is left to their own chunk."""
    days = {n: WholeDays(n, s, lambda: None) for n, s in few.bot.sources.items()}
    steps = read_all(replace(few.bot, sources=days))

    assert midnight(date(2026, 10, 6), ZONE) == covered_from(few.bot)
    assert told_rows(few.bot, covered_from(few.bot)) == held_rows(few.bot)
    assert all(
        earlier.window.ends_at == later.window.starts_at for later, earlier in pairwise(steps)
    )


def test_it_says_nothing_of_how_the_source_is_doing(acme: Bench) -> None:
    """Only `covered_from` moves: what the poll knows, stays."""
    before = state_of(acme.bot)
    acme.later(minutes=5)
    read_all(acme.bot)

    assert before == replace(state_of(acme.bot), covered_from=before.covered_from)


def test_the_current_period_is_what_it_was(acme: Bench) -> None:
    """Past spend changes no standing's spend and stage, fires nothing and moves no limit."""

    def now() -> dict[str, tuple[int, object]]:
        with acme.bot.db.transaction() as tx:
            found = standings.gather(tx, acme.bot.policy, acme.clock())
        return {str(s.budget.id): (s.spent, s.stage) for s in found.values()}

    acme.deliver()
    before, said, journal = now(), len(acme.messages()), len(acme.gateway.journal)
    noted = len(list(audit_rows(acme.bot, None, None)))
    read_all(acme.bot)
    acme.turn()

    assert before == now()
    assert (said, journal) == (len(acme.messages()), len(acme.gateway.journal))
    assert [] == [
        row["kind"]
        for row in list(audit_rows(acme.bot, None, None))[noted:]
        if row["kind"] in {"alert.fired", "limit_state.changed"}
    ]


def test_when_it_is_done_nothing_is_asked(few: Bench) -> None:
    """Run after run, days later too: the database says that there is nothing to do."""
    read_all(few.bot)
    asked = reports_asked(few)
    few.later(hours=7)
    read_all(few.bot)

    assert asked == reports_asked(few)


def test_nothing_comes_before_the_first_poll(tmp_path: Path, database_url: str) -> None:
    """Without it there is nothing that history could come before."""
    with bench(tmp_path, database_url, begins=NOW) as acme:
        assert [] == read_all(acme.bot)
        assert 0 == reports_asked(acme)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_process_that_dies_anywhere_resumes_at_the_same_place(few: Bench, tmp_path: Path) -> None:
    """Killed before every statement, commit and answer: a chunk is there as a whole or not at all."""

    def step(bot: Bot) -> None:
        read_step_back(bot, source_of(bot), Pace(), few.clock())

    before, rows = covered_from(few.bot), held_rows(few.bot)
    victim = few.replica()
    point = 0
    while True:
        point += 1
        for bot in (few.bot, victim):
            bot.db.close()  # the child makes its own connections
        assert killed(victim, step, point, tmp_path / "said")
        if covered_from(few.bot) != before:
            break
        assert rows == held_rows(few.bot)
    close(victim)

    assert point > 10
    assert told_rows(few.bot, covered_from(few.bot)) == held_rows(few.bot)
    read_all(few.bot)
    assert told_rows(few.bot, covered_from(few.bot)) == held_rows(few.bot)


def test_a_source_that_fails_in_the_middle_is_left_to_the_next_run(few: Bench) -> None:
    """What was read stays, the failing chunk changes nothing, and nobody is told that we are blind."""
    read_step_back(few.bot, source_of(few.bot), Pace(), few.clock())
    before, rows = state_of(few.bot), held_rows(few.bot)
    few.usage.faults.add("error", "usage", status=403, type="permission_error")
    failed = read_step_back(few.bot, source_of(few.bot), Pace(), few.clock())

    assert failed is None
    assert (before, rows) == (state_of(few.bot), held_rows(few.bot))
    few.deliver()
    assert [] == few.town.said_in("#ai-budget-ops")
    read_all(few.bot)
    assert told_rows(few.bot, covered_from(few.bot)) == held_rows(few.bot)


def test_while_polls_fail_history_waits(few: Bench) -> None:
    """A source that is down is asked by the poll alone."""
    few.usage.faults.add("error", times=None, status=403, type="permission_error")
    few.later(minutes=1)
    few.tick()
    asked = reports_asked(few)
    assert [] == read_all(few.bot)
    assert asked == reports_asked(few)

    few.usage.faults.clear()
    few.later(minutes=1)
    few.tick()
    assert [] != read_all(few.bot)


def test_a_replica_that_was_overtaken_does_nothing(few: Bench) -> None:
    """Another has read the chunk meanwhile, and the one after it: no day counts twice or is skipped."""
    other = few.replica()
    source, until = source_of(few.bot), few.clock() - timedelta(days=45)

    def overtake() -> None:
        for _ in range(2):
            read_older(other, source, few.clock(), until)

    late = read_older(held(few.bot, overtake), source, few.clock(), until)
    moved_to = covered_from(few.bot)
    close(other)

    assert late is not None
    assert (False, 0) == (late.taken, late.rows)
    assert moved_to < late.window.starts_at
    read_all(few.bot)
    assert told_rows(few.bot, covered_from(few.bot)) == held_rows(few.bot)


def test_between_two_chunks_there_is_a_pause(few: Bench) -> None:
    """Two seconds before every fetch but the first; none after the last."""
    waits: list[float] = []
    until = few.clock() - timedelta(days=45)
    steps = list(walk_back(few.bot, source_of(few.bot), few.clock(), until, waits.append))

    assert [PAUSE] * (len(steps) - 1) == waits
    assert 2.0 == PAUSE


def test_a_rate_limit_is_waited_for(few: Bench) -> None:
    """As long as the source says, then a chunk of fewer days; every dollar is there in the end."""
    waits: list[float] = []
    until = few.clock() - timedelta(days=45)
    few.usage.faults.add("error", status=429, type="rate_limit_error", retry_after=30)
    steps = list(walk_back(few.bot, source_of(few.bot), few.clock(), until, waits.append))

    assert [30.0, PAUSE, PAUSE] == waits[:3]
    assert max(step.window.ends_at - step.window.starts_at for step in steps) <= timedelta(days=3)
    assert told_rows(few.bot, covered_from(few.bot)) == held_rows(few.bot)


@pytest.mark.parametrize("retry_afters", [[301], [200, 101]])
def test_patience_ends_after_five_minutes(few: Bench, retry_afters: list[int]) -> None:
    """The error of the source comes through; what was read before stays, and it goes on there."""
    waits: list[float] = []
    until = few.clock() - timedelta(days=45)
    walk = walk_back(few.bot, source_of(few.bot), few.clock(), until, waits.append)
    next(walk)
    before = (covered_from(few.bot), held_rows(few.bot))
    for seconds in retry_afters:
        few.usage.faults.add("error", status=429, type="rate_limit_error", retry_after=seconds)

    with pytest.raises(SourceUnavailable):
        next(walk)
    assert [PAUSE, *map(float, retry_afters[:-1])] == waits
    assert before == (covered_from(few.bot), held_rows(few.bot))
    read_all(few.bot)
    assert told_rows(few.bot, covered_from(few.bot)) == held_rows(few.bot)


def test_the_job_asks_again_when_the_source_said_so(few: Bench) -> None:
    """Runs every half minute, and asks nothing for the ninety seconds that were wished for."""
    pace, source = Pace(), source_of(few.bot)
    few.usage.faults.add("error", status=429, type="rate_limit_error", retry_after=90)
    read_step_back(few.bot, source, pace, few.clock())
    asked = reports_asked(few)
    for _ in range(2):
        few.later(seconds=30)
        assert read_step_back(few.bot, source, pace, few.clock()) is None
    assert asked == reports_asked(few)
    few.later(seconds=31)

    assert read_step_back(few.bot, source, pace, few.clock()) is not None


def test_what_was_imported_is_not_read_once_more(few: Bench) -> None:
    """History ends where a file's hours end; the operator may say that it is different spend."""
    ends_at = covered_from(few.bot) - timedelta(days=4, minutes=20)
    row = UsageRow(
        source="import:q3",
        starts_at=ends_at - timedelta(days=1),
        ends_at=ends_at,
        workspace_id=None,
        api_key_id=None,
        actor=None,
        model=None,
        product=None,
        net=micros(5),
        list=micros(5),
        tokens=Tokens(),
        requests=0,
    )
    with few.bot.db.transaction() as tx:
        ledger.add(tx, row.source, [Charge(UNATTRIBUTED, row, row.net, row.list)])
    pace = Pace()
    read_all(few.bot, pace)
    stopped_at = covered_from(few.bot)
    refused = backfill(few.bot, source_of(few.bot), None, few.clock(), sleep=no_pause)
    meant = backfill(few.bot, source_of(few.bot), None, few.clock(), sleep=no_pause, overlap=True)

    assert timedelta(minutes=20) == stopped_at - ends_at
    assert pace.rests(few.clock() + timedelta(hours=5))
    assert (True, None, 0) == (refused.imported, refused.answers_from, refused.rows)
    assert not meant.imported
    assert midnight(date(2026, 10, 6), ZONE) == covered_from(few.bot)
    assert told_rows(few.bot, covered_from(few.bot)) == held_rows(few.bot)


def test_a_source_without_history_has_none(tmp_path: Path, database_url: str) -> None:
    """MLflow tells present totals only: after a restart it is asked once, and then left alone."""
    with Mlflow() as gateway, bench(tmp_path, database_url, begins=NOW) as acme:
        acme.town.exported["MLFLOW_BASE_URL"] = gateway.url
        acme.town.write_policy(f"{POLICY}sources:\n  - {{kind: mlflow}}\n")
        begins, ends = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
        gateway.spend(gateway.add_policy("e-1", begins, ends), "7")
        bot = acme.replica()
        assert () == tick(bot, acme.clock()).errors
        close(bot)
        restarted = acme.replica()
        asked = [len(gateway.requests)]
        for _ in range(3):
            assert [] == read_all(restarted)
            asked.append(len(gateway.requests))
        state = state_of(restarted)
        close(restarted)
        operator = acme.replica()
        september = datetime(2026, 9, 1, tzinfo=UTC)
        report = backfill(operator, source_of(operator), september, acme.clock(), sleep=no_pause)
        close(operator)

        assert [2, 0, 0] == [after - before for before, after in pairwise(asked)]
        assert begins == state.covered_from == report.answers_from
        assert (None, 0, False) == (report.error, report.rows, report.imported)
