"""Escalation: who is told when, never in quiet hours of a mild stage, and each in turn."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.budgets import PersonRef, Route, Stage
from bot.domain.escalation import (
    Case,
    Ladder,
    Step,
    Stop,
    Tell,
    Wait,
    calendar_of,
    decide,
    due_after,
    half,
    is_urgent,
    ladder_of,
    may_tell_at,
    next_due,
    term_of,
    told_before,
)
from bot.domain.spans import Span, WorkCalendar, WorkingHours
from tests.domain.values import BUDGET, DAY, HOUR, NEW_YORK, NOW, OVERAGE, PERIOD, policy

LADDER = ladder_of(BUDGET, Stage.RESPOND, policy())
CALENDAR = WorkCalendar(NEW_YORK, holidays=frozenset({date(2026, 11, 26)}))
FAR = NOW + 400 * DAY
CASE = Case(
    stage=Stage.RESPOND,
    done=Step.NONE,
    is_answered=False,
    ends_at=PERIOD.ends_at,
    is_known=True,
    is_stale=False,
    is_there=True,
)


def local(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    """A moment on a zone's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


# Who is told.


def test_a_ladder_names_everybody_once() -> None:
    """Owner, backup, the people and groups of all the budget's routes, and its channel."""
    expected = Ladder(
        owner=PersonRef("dana@example.com"),
        backup=PersonRef("lee@example.com"),
        approvers=(PersonRef("fin@example.com"), PersonRef("U0KIM")),
        groups=("S0LEADS",),
        channel="#team-search",
        answer_within=Span(8 * HOUR),
        decided_within=Span(24 * HOUR),
    )

    assert expected == LADDER
    assert [PersonRef("dana@example.com")] == list(told_before(LADDER, Step.BACKUP))
    assert 2 == len(told_before(LADDER, Step.CHANNEL))


def test_whoever_was_asked_is_not_told_again_as_an_approver() -> None:
    """An owner who approves other things, in whatever spelling; a backup who is the owner is none."""
    alone = replace(BUDGET, owner=PersonRef("FIN@example.com"), backup=PersonRef("fin@example.com"))
    ladder = ladder_of(alone, Stage.LOOK, policy(alone))

    assert None is ladder.backup
    assert (PersonRef("U0KIM"),) == ladder.approvers


def test_a_step_that_tells_nobody_is_left_out() -> None:
    """Without a backup the approvers are next; without anybody the organization's channel."""
    bare = replace(
        BUDGET,
        backup=None,
        channel=None,
        overage=replace(OVERAGE, routes=(Route(None, ("owner",)),)),
    )
    ladder = ladder_of(bare, Stage.RESPOND, policy(bare))

    assert Step.APPROVERS is replace(LADDER, backup=None).after(Step.REMINDER)
    assert Step.CHANNEL is ladder.after(Step.REMINDER)
    assert "#ai-budgets" == ladder.channel
    assert None is ladder.after(Step.CHANNEL)


# When.

MOMENTS = st.integers(0, 730 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
SPANS = st.one_of(
    st.integers(1, 20_000).map(lambda minutes: Span(timedelta(minutes=minutes))),
    st.integers(1, 10).map(lambda days: Span(working_days=days)),
)
CALENDARS = st.builds(
    WorkCalendar,
    st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland"]).map(
        ZoneInfo
    ),
    st.sampled_from([frozenset({0, 1, 2, 3, 4}), frozenset({6, 0, 1, 2, 3}), frozenset(range(7))]),
    st.just(frozenset({date(2026, 12, 25), date(2026, 11, 26)})),
    st.sampled_from(
        [WorkingHours(), WorkingHours(time(8, 30), time(17)), WorkingHours(time(), time())]
    ),
)
MILD = st.sampled_from([Stage.LOOK, Stage.RESPOND])
URGENT = st.sampled_from([Stage.INTERVENE, Stage.EXHAUSTED])


def is_quiet(calendar: WorkCalendar, moment: datetime) -> bool:
    """Worked out anew: outside the hours, or on a day on which nobody works."""
    at = moment.astimezone(calendar.time_zone)
    opens, closes = calendar.hours.opens, calendar.hours.closes
    inside = opens <= at.time() and (closes == time() or at.time() < closes)
    return not inside or at.weekday() not in calendar.working_days or at.date() in calendar.holidays


def climb(
    ladder: Ladder, stage: Stage, calendar: WorkCalendar, fired: datetime
) -> list[tuple[Step, datetime]]:
    """Every step with its moment, for an alert that nobody answers."""
    taken: list[tuple[Step, datetime]] = []
    due: datetime | None = due_after(stage, calendar, fired, ladder.answer_within)
    step = Step.NONE
    while due is not None:
        following = ladder.after(step)
        assert following is not None
        step = following
        taken.append((step, due))
        due = next_due(ladder, stage, step, calendar, due, due + 4_000 * DAY)
    return taken


@given(MILD, CALENDARS, MOMENTS, SPANS)
def test_mild_stages_never_speak_in_quiet_hours(
    stage: Stage, calendar: WorkCalendar, fired: datetime, within: Span
) -> None:
    """Whatever the zone, the season, the holidays and the time to answer."""
    ladder = replace(LADDER, answer_within=within)

    assert not any(is_quiet(calendar, at) for _, at in climb(ladder, stage, calendar, fired))


@given(st.sampled_from(Stage), CALENDARS, MOMENTS, SPANS)
def test_everybody_is_told_once_and_in_turn(
    stage: Stage, calendar: WorkCalendar, fired: datetime, within: Span
) -> None:
    """Reminder, backup, approvers, channel, each later than the one before."""
    taken = climb(replace(LADDER, answer_within=within), stage, calendar, fired)

    assert [Step.REMINDER, Step.BACKUP, Step.APPROVERS, Step.CHANNEL] == [s for s, _ in taken]
    assert fired < taken[0][1]
    assert all(earlier < later for (_, earlier), (_, later) in pairwise(taken))


@given(URGENT, CALENDARS, MOMENTS, st.integers(1, 600))
def test_what_cannot_wait_does_not(
    stage: Stage, calendar: WorkCalendar, fired: datetime, minutes: int
) -> None:
    """By the clock, at night and on Sundays: the whole time, then half of it each."""
    within = timedelta(minutes=minutes)
    taken = climb(replace(LADDER, answer_within=Span(within)), stage, calendar, fired)

    assert [fired + within * halves / 2 for halves in (2, 3, 4, 5)] == [at for _, at in taken]


@given(MILD, CALENDARS, MOMENTS, SPANS)
def test_quiet_hours_only_ever_put_off(
    stage: Stage, calendar: WorkCalendar, since: datetime, span: Span
) -> None:
    """
    The time begins with work; nobody is told before it is over, and nobody later than when work
    begins again.
    """
    start = since if not is_quiet(calendar, since) else may_tell_at(stage, calendar, since)
    days = calendar.after(start, Span(working_days=span.working_days))
    over = calendar.after(days, Span(span.plain))
    due = due_after(stage, calendar, since, span)

    assert due >= over
    assert due == over or is_quiet(calendar, over)
    before = due.astimezone(UTC) - timedelta(seconds=1)
    assert due == over or is_quiet(calendar, before) or calendar.hours.length == DAY


@pytest.mark.parametrize(
    ("since", "span", "due"),
    [
        ("2026-11-23T09:00", Span(8 * HOUR), "2026-11-23T17:00"),
        ("2026-11-23T11:00", Span(8 * HOUR), "2026-11-24T09:00"),  # 19:00 is quiet
        ("2026-11-23T10:00", Span(8 * HOUR), "2026-11-24T09:00"),  # 18:00 too
        ("2026-11-20T16:00", Span(8 * HOUR), "2026-11-23T09:00"),  # over the weekend
        ("2026-11-25T16:00", Span(8 * HOUR), "2026-11-27T09:00"),  # over Thanksgiving
        ("2026-11-20T09:00", Span(working_days=2), "2026-11-24T09:00"),
        ("2026-10-30T16:00", Span(8 * HOUR), "2026-11-02T09:00"),  # the clocks go back
        ("2026-03-06T16:00", Span(8 * HOUR), "2026-03-09T09:00"),  # and forth
        ("2026-11-23T02:00", Span(HOUR), "2026-11-23T10:00"),
        ("2026-11-20T22:00", Span(8 * HOUR), "2026-11-23T17:00"),  # seen on Monday
    ],
)
def test_a_mild_stage_waits_for_work_to_begin(since: str, span: Span, due: str) -> None:
    """Nine o'clock on local clocks, whatever they do in between."""
    assert local(due) == due_after(Stage.RESPOND, CALENDAR, local(since), span)


def test_half_of_a_working_day_is_half_of_its_hours() -> None:
    """An even number of days is halved as days."""
    assert Span(4 * HOUR) == half(Span(8 * HOUR), CALENDAR)
    assert Span(working_days=1) == half(Span(working_days=2), CALENDAR)
    assert Span(4.5 * HOUR, 1) == half(Span(working_days=3), CALENDAR)


def test_a_budget_has_its_own_clocks() -> None:
    """The working days are the organization's, nine o'clock is Tokyo's."""
    tokyo = ZoneInfo("Asia/Tokyo")
    calendar = calendar_of(policy(), tokyo)
    evening = local("2026-11-23T20:00", tokyo)

    assert local("2026-11-24T09:00", tokyo) == may_tell_at(Stage.LOOK, calendar, evening)
    assert evening == may_tell_at(Stage.INTERVENE, calendar, evening)


def test_the_ladder_ends_with_the_period() -> None:
    """What was spent in a period that is over is nobody's to answer any more."""
    now = PERIOD.ends_at - 3 * HOUR
    calendar = WorkCalendar(NEW_YORK, frozenset(range(7)), hours=WorkingHours(time(), time()))

    assert None is next_due(LADDER, Stage.RESPOND, Step.NONE, calendar, now, PERIOD.ends_at)
    assert PERIOD.ends_at == term_of(Span(8 * HOUR), Stage.RESPOND, calendar, now, PERIOD.ends_at)


@given(st.sampled_from(Stage), CALENDARS, MOMENTS, SPANS, st.integers(1, 100))
def test_an_answer_holds_for_its_time_and_not_beyond_the_period(
    stage: Stage, calendar: WorkCalendar, now: datetime, within: Span, days: int
) -> None:
    """Always at least a moment, so that an answer is never over when it is given."""
    ends_at = now + days * DAY
    until = term_of(within, stage, calendar, now, ends_at)

    assert now < until <= ends_at
    assert until == ends_at or until == due_after(stage, calendar, now, within)


# What becomes of a step that is due.


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (CASE, Tell(Step.REMINDER, again=False)),
        (replace(CASE, done=Step.REMINDER), Tell(Step.BACKUP, again=False)),
        (replace(CASE, done=Step.BACKUP), Tell(Step.APPROVERS, again=False)),
        (replace(CASE, done=Step.APPROVERS), Tell(Step.CHANNEL, again=False)),
        (replace(CASE, done=Step.CHANNEL), Stop("everybody was told")),
        (replace(CASE, done=Step.CHANNEL, is_answered=True), Tell(Step.REMINDER, again=True)),
        (replace(CASE, is_known=False), Stop("the budget left the policy file")),
        (replace(CASE, ends_at=NOW), Stop("the period is over")),
        (replace(CASE, is_stale=True), Wait(NOW + timedelta(minutes=5))),
        (replace(CASE, is_there=False), Wait(NOW + HOUR)),
        (replace(CASE, is_there=False, is_answered=True), Wait(NOW + HOUR)),
        (replace(CASE, is_there=False, comes_back=False), Stop("it is over")),
    ],
)
def test_a_due_step(case: Case, expected: Tell | Wait | Stop) -> None:
    """Taken, put off, or dropped; the reminder begins anew when an answer's term is over."""
    assert expected == decide(case, LADDER, CALENDAR, NOW)


@given(st.sampled_from(Stage), CALENDARS, MOMENTS)
def test_a_step_that_comes_late_waits_for_work_to_begin(
    stage: Stage, calendar: WorkCalendar, now: datetime
) -> None:
    """As after an outage: what was due at noon is not made up for at night."""
    taken = decide(replace(CASE, stage=stage, ends_at=FAR + 800 * DAY), LADDER, calendar, now)

    if isinstance(taken, Wait):
        assert not is_urgent(stage)
        assert is_quiet(calendar, now)
        assert not is_quiet(calendar, taken.until)
    else:
        assert is_urgent(stage) or not is_quiet(calendar, now)
