"""Answers and ladders as they are kept: one holds at a time, one replica takes a step."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations, product

import pytest
from sqlmodel import Session

from bot.domain.alerts import Alert, AlertQuality, Answer, AnswerKind, Feedback, figures_of
from bot.domain.budgets import Stage
from bot.domain.delegations import Delegation
from bot.domain.escalation import Step, ladder_of
from bot.domain.stages import Reason
from store import alerts, delegations, escalations
from store.alert_quality import quality_between
from store.alert_rows import SentAlert
from store.db import Database
from tests.domain.values import BUDGET, DAY, HOUR, NOW, PERIOD, policy, raised, standing

LOOK, RESPOND, INTERVENE, EXHAUSTED = Stage
SPENT = {LOOK: "51", RESPOND: "81", INTERVENE: "96", EXHAUSTED: "104"}
PAIRS = list(combinations(Stage, 2))


def fire(tx: Session, stage: Stage, now: datetime = NOW) -> SentAlert:
    """The alert of a stage, with its ladder."""
    alert = Alert(standing(SPENT[stage], now=now), stage, Reason.SHARE)
    ladder = ladder_of(BUDGET, stage, policy())
    alert_id = alerts.record(tx, alert, figures_of(alert, policy(), now), now, ladder=ladder)
    assert alert_id is not None
    return load(tx, alert_id)


def load(tx: Session, alert_id: int) -> SentAlert:
    """As it stands now."""
    found = alerts.load(tx, alert_id)
    assert found is not None
    return found


def on_it(until: datetime | None, at: datetime = NOW, by: str = "U0DANA") -> Answer:
    """Somebody is on it."""
    return Answer(AnswerKind.ON_IT, by, at, None, until)


@pytest.fixture
def tx(db: Database) -> Iterator[Session]:
    """A transaction on each of the databases."""
    with db.transaction() as session:
        yield session


def test_a_ladder_is_read_as_it_was_written(tx: Session) -> None:
    """With the people, the groups and the times of the moment at which the alert fired."""
    alert = fire(tx, RESPOND)

    assert ladder_of(BUDGET, RESPOND, policy()) == alert.ladder
    assert (Step.NONE, 0, alert.figures.answer_by) == (
        alert.escalated,
        alert.round,
        alert.escalate_at,
    )


@pytest.mark.parametrize(("milder", "worse"), PAIRS)
def test_no_answer_silences_a_worse_stage(db: Database, milder: Stage, worse: Stage) -> None:
    """Whatever was said to the milder one, and for however long: the worse one is open and due."""
    terms = (None, NOW + HOUR, PERIOD.ends_at)
    for number, (kind, until) in enumerate(product(AnswerKind, terms)):
        now = NOW + number * timedelta(minutes=1)
        with db.transaction() as tx:
            first = fire(tx, milder, now)
            assert alerts.answer(tx, first.id, Answer(kind, "U0DANA", now, None, until), until, now)
            second = fire(tx, worse, now)

            assert second.is_open(now)
            assert second.figures.answer_by == second.escalate_at
            first = load(tx, first.id)
            assert second.id == first.replaced_by
            assert [first.id] == [
                id_ for id_ in escalations.due(tx, now) if id_ in (first.id, second.id)
            ]
            tx.rollback()


def test_a_replaced_alert_takes_no_answer(tx: Session) -> None:
    """Not even its first: the newer one wants it."""
    first = fire(tx, LOOK)
    fire(tx, RESPOND)

    assert not alerts.answer(tx, first.id, on_it(None), None, NOW)
    assert not load(tx, first.id).is_open(NOW)


def test_a_milder_stage_of_another_limit_is_not_replaced(tx: Session) -> None:
    """Under a raise everything is asked anew, and what was asked before may come back."""
    first = fire(tx, LOOK)
    more = Alert(standing("130", raised("50")), RESPOND, Reason.SHARE)
    assert alerts.record(tx, more, figures_of(more, policy(), NOW), NOW) is not None

    assert None is load(tx, first.id).replaced_by


def test_one_answer_holds_at_a_time(tx: Session) -> None:
    """While its term runs no other counts; afterwards one does, and the first is remembered."""
    alert = fire(tx, RESPOND)
    later = NOW + 8 * HOUR

    assert alerts.answer(tx, alert.id, on_it(later), later, NOW)
    assert not alerts.answer(tx, alert.id, on_it(None, by="U0LEE"), None, later - HOUR)
    assert not load(tx, alert.id).is_open(later - HOUR)
    assert load(tx, alert.id).is_open(later)
    assert alerts.answer(tx, alert.id, on_it(None, later, "U0LEE"), None, later)
    found = load(tx, alert.id)
    assert (on_it(None, later, "U0LEE"), NOW) == (found.answer, found.first_answered_at)
    assert not alerts.answer(tx, alert.id, on_it(None), None, later + 99 * DAY)


def test_after_a_term_the_alert_waits_for_another_answer(tx: Session) -> None:
    """The step says so, and how far it ever came stays."""
    alert = fire(tx, RESPOND)
    escalations.told(tx, alert, Step.APPROVERS, 0, NOW + HOUR, again=False)
    assert alerts.answer(tx, alert.id, on_it(NOW + DAY), NOW + DAY, NOW)
    escalations.told(tx, load(tx, alert.id), Step.REMINDER, 1, None, again=True)

    found = load(tx, alert.id)
    assert (None, Step.REMINDER, Step.APPROVERS, 1, None) == (
        found.answer,
        found.escalated,
        found.furthest,
        found.round,
        found.escalate_at,
    )
    assert found.is_open(NOW)
    assert NOW == found.first_answered_at


def test_what_is_not_due_is_not_taken(tx: Session) -> None:
    """Another replica was first, somebody answered, or its moment has not come."""
    alert = fire(tx, RESPOND)
    due = alert.figures.answer_by

    assert [] == escalations.due(tx, due - timedelta(seconds=1))
    assert [alert.id] == escalations.due(tx, due)
    taken = escalations.take(tx, alert.id, due)
    assert taken is not None
    escalations.told(tx, taken, Step.REMINDER, 0, due + HOUR, again=False)
    assert None is escalations.take(tx, alert.id, due)
    assert alerts.answer(tx, alert.id, on_it(None), None, due)
    assert [] == escalations.due(tx, due + 99 * DAY)


def test_a_person_has_one_delegation(tx: Session) -> None:
    """A new one takes the place of the old; it is over at its end, or when it is ended."""
    first = Delegation("U0DANA", "U0LEE", NOW, NOW + DAY)
    second = replace(first, to="U0TOM", starts_at=NOW + HOUR, ends_at=NOW + 2 * DAY)
    delegations.put(tx, first, NOW)
    assert first == delegations.live(tx, "U0DANA", NOW)
    assert None is delegations.live(tx, "U0DANA", NOW + DAY)
    delegations.put(tx, second, NOW + HOUR)

    assert second == delegations.live(tx, "U0DANA", NOW + DAY)
    assert None is delegations.live(tx, "U0LEE", NOW + DAY)
    assert delegations.end(tx, "U0DANA", NOW + DAY)
    assert None is delegations.live(tx, "U0DANA", NOW + DAY)
    assert not delegations.end(tx, "U0DANA", NOW + DAY)


def test_the_quality_of_alerts(tx: Session) -> None:
    """Answered in time or late, escalated, judged, and how long before the limit it was said."""
    assert AlertQuality() == quality_between(tx, NOW, NOW + DAY)
    look = fire(tx, LOOK)
    respond = fire(tx, RESPOND, NOW + HOUR)
    assert alerts.answer(tx, respond.id, on_it(None, NOW + 2 * HOUR), None, NOW + 2 * HOUR)
    assert alerts.judge(tx, respond.id, Feedback.USEFUL, "U0DANA", NOW)
    assert not alerts.judge(tx, respond.id, Feedback.NOISE, "U0LEE", NOW)
    assert alerts.judge(tx, look.id, Feedback.NOISE, "U0LEE", NOW)
    exhausted = fire(tx, EXHAUSTED, NOW + 3 * DAY + HOUR)
    late = NOW + 4 * DAY
    escalations.told(tx, exhausted, Step.BACKUP, 0, None, again=False)
    assert alerts.answer(tx, exhausted.id, on_it(None, late), None, late)

    assert AlertQuality(3, 2, 1, 1, 1, 1, 3 * DAY) == quality_between(tx, NOW, late)
    assert AlertQuality(1, 1, 1, 0, 1, 0) == quality_between(tx, NOW + HOUR, NOW + DAY)


def test_a_limit_that_was_reached_without_a_word_had_no_lead(tx: Session) -> None:
    """A jump past every threshold is a warning of nothing."""
    fire(tx, LOOK)
    fire(tx, EXHAUSTED, NOW + DAY)

    assert timedelta() == quality_between(tx, NOW, NOW + 2 * DAY).lead
