"""Scoring: in time by the working calendar, late, missed, false; and what a past suggests."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain.backtest import (
    Fired,
    Score,
    Verdict,
    Walk,
    fired,
    lead_of,
    rule_sets,
    score,
    suggest,
    verdict,
)
from bot.domain.budgets import Stage
from bot.domain.forecast import Confidence
from bot.domain.money import micros
from bot.domain.spans import Span, WorkCalendar
from bot.domain.stages import Reason
from tests.domain.backtest.pasts import CALENDAR, SEARCH, days, month, walked
from tests.domain.values import NEW_YORK

LIMIT = micros(100)
FRIDAY = datetime(2026, 11, 20, 17, tzinfo=UTC)


def over(reached_at: datetime | None) -> Walk:
    """November, with the limit reached then, or never."""
    return Walk(month(11), LIMIT, (), LIMIT, LIMIT, reached_at)


def alert(at: datetime, stage: Stage = Stage.RESPOND) -> Fired:
    """One by share; a respond unless told otherwise."""
    return Fired(at, stage, Reason.SHARE)


@pytest.mark.parametrize(
    ("alerts", "reached_at", "expected"),
    [
        ([alert(FRIDAY - timedelta(3))], FRIDAY, Verdict.IN_TIME),
        ([alert(FRIDAY - timedelta(2, 23))], FRIDAY, Verdict.LATE),
        ([alert(FRIDAY, Stage.INTERVENE)], FRIDAY + timedelta(4), Verdict.LATE),
        ([alert(FRIDAY, Stage.INTERVENE)], FRIDAY + timedelta(5), Verdict.IN_TIME),
        ([alert(FRIDAY - timedelta(9), Stage.LOOK)], FRIDAY, Verdict.MISSED),
        ([alert(FRIDAY)], FRIDAY, Verdict.MISSED),
        ([alert(FRIDAY, Stage.EXHAUSTED)], FRIDAY, Verdict.MISSED),
        ([], FRIDAY, Verdict.MISSED),
        ([alert(FRIDAY)], None, Verdict.FALSE),
        ([alert(FRIDAY, Stage.LOOK)], None, Verdict.QUIET),
        ([], None, Verdict.QUIET),
    ],
)
def test_a_warning_is_worth_what_time_it_leaves(
    alerts: list[Fired], reached_at: datetime | None, expected: Verdict
) -> None:
    """Three working days over a weekend are five days; a look asks for nothing and warns of nothing."""
    assert expected == verdict(over(reached_at), alerts, Span(working_days=3), CALENDAR)


def test_holidays_are_no_working_days() -> None:
    """Over Thanksgiving the same alert comes too late."""
    holiday = WorkCalendar(NEW_YORK, holidays=frozenset({date(2026, 11, 26)}))
    monday, thursday = (
        datetime(2026, 11, 23, 17, tzinfo=UTC),
        datetime(2026, 11, 26, 17, tzinfo=UTC),
    )
    verdicts = [
        verdict(over(thursday), [alert(monday)], Span(working_days=3), calendar)
        for calendar in (CALENDAR, holiday)
    ]

    assert [Verdict.IN_TIME, Verdict.LATE] == verdicts


def test_a_lead_is_the_time_to_the_limit() -> None:
    """Nothing from an alert that came after it, none without an overrun."""
    leads = [
        lead_of(alert(FRIDAY), at) for at in (FRIDAY + timedelta(6), FRIDAY - timedelta(1), None)
    ]

    assert [timedelta(6), timedelta(), None] == leads


def test_verdicts_add_up() -> None:
    """Quiet periods count nowhere; alarms are the periods with a warning before the limit."""
    found = score(list(Verdict))

    assert Score(1, 1, 1, 1) == found
    assert (3, 3) == (found.overruns, found.alarms)
    assert Score(2, 2, 2, 2) == found + found


def test_without_an_overrun_nothing_is_suggested() -> None:
    """It says so."""
    found = suggest([walked(days(*[10] * 61), 9, 1000)], SEARCH, CALENDAR)

    assert (None, None, Confidence.NONE) == (
        found.lead_time,
        found.respond_percent,
        found.confidence,
    )
    assert ("None of 1 period overran: there is nothing to learn from.",) == found.why


def test_a_lead_time_is_suggested_that_would_have_been_kept() -> None:
    """$10 a day of $200: ten working days are known long before, and with 25 of 30 days to go."""
    budget = replace(SEARCH, lead_time=Span(timedelta(days=5)))
    walks = [walked(days(*[10] * 62), 9, 200)]
    found = suggest(walks, budget, CALENDAR)

    assert Span(working_days=10) == found.lead_time
    assert 75 == found.respond_percent
    assert Confidence.LOW == found.confidence
    assert found.why[0].startswith(
        "A lead time of up to 10 working days could be kept: its rules would have warned"
    )
    assert found.why[1].startswith(
        "5d before the limit was reached, 75 % of it was spent in 1 of 1"
    )
    assert found.why[2] == "Unsure: 1 overrun may be an accident; 4 say more."


def test_the_suggested_share_would_have_been_in_time() -> None:
    """As a threshold by share alone it leaves the lead time in three of four overruns."""
    series = days(*[10] * 31, *[12] * 30, *[10] * 10, *[30] * 21, *[11] * 30, *[14] * 31)
    walks = [walked(series, month, 250) for month in (9, 10, 11, 12)]
    share = suggest(walks, SEARCH, CALENDAR).respond_percent

    assert share is not None
    fixed = rule_sets(SEARCH)[1]
    own = replace(fixed.budget.thresholds, respond=share)
    rules = replace(fixed, budget=replace(fixed.budget, thresholds=own))
    verdicts = [verdict(w, fired(w, rules, CALENDAR), SEARCH.lead_time, CALENDAR) for w in walks]
    assert 3 == verdicts.count(Verdict.IN_TIME)


def test_what_comes_too_suddenly_gets_no_suggestion() -> None:
    """The whole limit in one day of a team that never spent: no rule can know."""
    found = suggest([walked(days(*[0] * 31, 500, *[0] * 29), 9, 100)], SEARCH, CALENDAR)

    assert (None, None) == (found.lead_time, found.respond_percent)
    assert (
        "No lead time of a working day or more would have been kept in most overruns." in found.why
    )
