"""Alerts: one per stage, period and limit; never milder than what was said; none on stale figures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alerts import Alert, against, due_alert, figures_of
from bot.domain.budgets import Stage
from bot.domain.limits import TemporaryRaise
from bot.domain.money import Micros, micros
from bot.domain.periods import Cadence
from bot.domain.spans import Span, WorkCalendar
from bot.domain.stages import Reason
from bot.domain.standings import Standing
from tests.domain.values import (
    BUDGET,
    DAY,
    FRESH,
    HOUR,
    NEW_YORK,
    NOW,
    PERIOD,
    STALE,
    UNLIMITED,
    policy,
    raised,
    standing,
)

LOOK, RESPOND, INTERVENE, EXHAUSTED = Stage


@pytest.mark.parametrize(
    ("spent", "sent", "stage"),
    [
        ("49.99", [], None),
        ("50", [], LOOK),
        ("96", [], INTERVENE),  # a jump is one alert
        ("120", [], EXHAUSTED),
        ("80", [LOOK], RESPOND),
        ("94", [LOOK, RESPOND], None),
        ("79", [RESPOND], None),  # falling back is silent
        ("81", [RESPOND], None),  # and so is rising again
        ("60", [INTERVENE], None),  # a stage that was jumped over is not made up for
        ("100", [LOOK, RESPOND, INTERVENE], EXHAUSTED),
        ("500", [EXHAUSTED], None),
    ],
)
def test_one_alert_per_stage(spent: str, sent: list[Stage], stage: Stage | None) -> None:
    """The worst stage reached is sent, once, and nothing milder after it."""
    alert = due_alert(standing(spent), sent)

    assert stage == (alert and alert.stage)
    assert alert is None or Reason.SHARE is alert.reason


@pytest.mark.parametrize("spent", ["50", "96", "200"])
def test_stale_figures_fire_nothing(spent: str) -> None:
    """Nobody is woken by a number that may be wrong."""
    assert None is due_alert(standing(spent, freshness=STALE), [])


def test_a_budget_without_a_limit_fires_nothing() -> None:
    """There is no share of no limit."""
    assert None is due_alert(standing("5000", budget=UNLIMITED), [])


def test_a_raise_arms_the_stages_again() -> None:
    """The same stage under a higher limit is another alert, because its key is another."""
    before = due_alert(standing("96"), [])
    after = due_alert(standing("145", raised("50")), [])

    assert before is not None
    assert after is not None
    assert "alert:search:2026-11-01:100000000:intervene" == before.key
    assert "alert:search:2026-11-01:150000000:intervene" == after.key


def test_when_a_raise_ends_nothing_is_said_twice() -> None:
    """Back at the old limit the old alerts count: the key is the one that was sent before."""
    before = due_alert(standing("96"), [])
    after = due_alert(standing("97", raised("50", NOW - DAY, NOW)), [])

    assert before is not None
    assert after is not None
    assert before.key == after.key


def test_two_days_never_share_an_alert() -> None:
    """Both London days around the change to summer time start on 29 March in UTC."""
    london = ZoneInfo("Europe/London")
    daily = replace(BUDGET, cadence=Cadence.DAY, time_zone=london)
    noons = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (29, 30)]
    keys = {Alert(standing("50", budget=daily, now=n), LOOK, Reason.SHARE).key for n in noons}

    assert 2 == len(keys)


SPENDS = st.lists(
    st.tuples(
        st.integers(0, 250),  # spend: it rises, falls and jumps as figures are revised
        st.sampled_from([0, 0, 0, 50, 100]),  # exceptions that are live
        st.booleans(),  # stale
        st.integers(0, 2),  # days since the last turn
    ),
    max_size=60,
)


@given(SPENDS)
def test_whatever_the_figures_do_each_alert_is_sent_once(
    turns: list[tuple[int, int, bool, int]],
) -> None:
    """At most one per stage, period and limit, and within a limit the stages only get worse."""
    sent: dict[tuple[object, object], list[Stage]] = {}
    keys: list[str] = []
    now = NOW - 20 * DAY
    for spent, extra, stale, days in turns:
        now += days * DAY
        live = [raised(str(extra), now, now + HOUR)] if extra else []
        s = standing(str(spent), *live, freshness=STALE if stale else FRESH, now=now)
        before = sent.setdefault((s.period, s.limit), [])
        alert = due_alert(s, before)
        assert alert is None or (not stale and alert.stage is s.stage)
        if alert is not None:
            before.append(alert.stage)
            keys.append(alert.key)
        elif not stale:
            assert s.stage is None or max(before) >= s.stage  # nothing worse goes unsaid

    assert len(keys) == len(set(keys))
    for stages in sent.values():
        assert all(earlier < later for earlier, later in pairwise(stages))


def test_an_alert_keeps_the_figures_it_was_based_on() -> None:
    """What was said stays with it, and the time to answer runs on working hours and days."""
    more: TemporaryRaise = raised("20")
    s = standing("64", more, daily="8")
    alert = due_alert(s, [])
    assert alert is not None
    figures = figures_of(alert, policy(), NOW)

    assert (LOOK, 53) == (figures.stage, figures.percent)
    assert (micros("64"), micros("120"), micros("20")) == (
        figures.spent,
        figures.limit,
        figures.raised,
    )
    assert (s.runs_out_at, FRESH.as_of) == (figures.runs_out_at, figures.as_of)
    assert NOW + timedelta(days=2) == figures.answer_by
    assert (PERIOD.ends_at, NEW_YORK, "v1") == (
        figures.period_ends_at,
        figures.time_zone,
        figures.policy_version,
    )


@pytest.mark.parametrize(
    ("lead_time", "runs_out", "spare"),
    [
        (Span(working_days=3), "2026-11-27T12:28", "2 working days short of"),  # 1 Dec is due
        (Span(working_days=3), "2026-12-01T09:00", "just at"),
        (Span(working_days=3), "2026-12-04T09:00", "3 working days beyond"),
        (Span(working_days=1), "2026-11-26T18:00", "1 working day short of"),
        (Span(timedelta(hours=8)), "2026-11-26T12:00", "5 hours short of"),
        (Span(timedelta(days=2)), "2026-12-01T09:00", "3 days beyond"),
    ],
)
def test_the_runway_is_held_against_the_lead_time_in_its_own_days(
    lead_time: Span, runs_out: str, spare: str
) -> None:
    """What is three working days long is not missed by four days over a weekend."""
    calendar = WorkCalendar(NEW_YORK)
    thursday = datetime(2026, 11, 26, 9, tzinfo=NEW_YORK)
    ends = datetime.fromisoformat(runs_out).replace(tzinfo=NEW_YORK)

    assert spare == against(lead_time, ends, calendar.after(thursday, lead_time), calendar)


@pytest.mark.parametrize(("spent", "hours"), [("80", 8), ("95", 1), ("100", 1)])
def test_the_worse_the_sooner(spent: str, hours: int) -> None:
    """Each stage gives its own time to answer."""
    alert = due_alert(standing(spent), [])
    assert alert is not None

    assert NOW + hours * HOUR == figures_of(alert, policy(), NOW).answer_by


def test_figures_without_a_limit_have_no_share() -> None:
    """A limit that is not there is written as nothing, not as a crash."""
    s: Standing = replace(standing("5"), limit=None)

    assert Micros(0) == figures_of(Alert(s, LOOK, Reason.SHARE), policy(), NOW).limit
