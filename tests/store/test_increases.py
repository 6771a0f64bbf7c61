"""Increase requests in the database: found once, decided once, and closed only while unconfirmed."""

from datetime import timedelta

from sqlmodel import Session

from bot.domain.budgets import BudgetId, Stage
from bot.domain.increases import FallsOn, Increase, IncreaseFigures, IncreaseState, Member
from bot.domain.money import micros
from bot.domain.places import Place
from store import increase_queue, increases
from store.db import Database
from tests.domain.values import HOUR, NOW

TOM = Member("user_01tom", "Tom", "tom@example.com", "U0TOM")
SEARCH = FallsOn(BudgetId("search"), "Search", micros(1), micros(2), micros(3), Stage.LOOK)
FIGURES = IncreaseFigures(micros(500), micros("431.205"), NOW, "v1", (SEARCH,))
APPROVED, DENIED = IncreaseState.APPROVED, IncreaseState.DENIED


def added(tx: Session, request: str = "slir_1") -> Increase:
    """A request that is new."""
    found = increases.add(tx, request, TOM, "monthly", NOW - HOUR, FIGURES)
    assert found is not None
    return found


def state(tx: Session) -> IncreaseState:
    """What became of the first one."""
    found = increases.load(tx, 1)
    assert found is not None
    return found.state


def test_what_was_remembered_comes_back(db: Database) -> None:
    """Whole, and once for each of Anthropic's ids."""
    with db.transaction() as tx:
        first = added(tx)
        assert None is increases.add(tx, "slir_1", TOM, "monthly", NOW, FIGURES)
        assert {"slir_1"} == increases.known(tx, ["slir_1", "slir_2"])

    assert Increase(1, "slir_1", TOM, "monthly", NOW - HOUR, FIGURES) == first


def test_only_the_first_decision_is_kept(db: Database) -> None:
    """Compare and set: whoever held no lock would lose all the same."""
    place = Place("C1", "1.2")
    with db.transaction() as tx:
        added(tx)
        assert increases.decide(tx, 1, APPROVED, "U0FIN", micros(700), "ok", NOW, place)
        assert not increases.decide(tx, 1, DENIED, "U0PAT", None, "no", NOW)
        found = increases.load(tx, 1)
    assert found is not None

    assert (APPROVED, "U0FIN", micros(700), "ok", place) == (
        found.state,
        found.decided_by,
        found.granted,
        found.reason,
        found.decided_in,
    )


def test_what_anthropic_has_confirmed_is_never_closed(db: Database) -> None:
    """Nor confirmed twice; and nothing is confirmed that nobody has decided."""
    with db.transaction() as tx:
        added(tx)
        assert not increases.confirm(tx, 1, NOW)
        increases.decide(tx, 1, DENIED, "U0FIN", None, "no", NOW)
        assert increases.confirm(tx, 1, NOW)
        assert not increases.confirm(tx, 1, NOW)
        assert not increases.close(tx, 1, IncreaseState.ELSEWHERE, "already denied", NOW)
        assert not increases.refuse(tx, 1, "403")
        assert DENIED is state(tx)


def test_a_decision_that_came_too_late_stays_on_record(db: Database) -> None:
    """Who decided it here and when, beside what Anthropic says."""
    with db.transaction() as tx:
        added(tx)
        increases.decide(tx, 1, APPROVED, "U0FIN", micros(700), None, NOW)
        assert increases.close(tx, 1, IncreaseState.ELSEWHERE, "already denied", NOW + HOUR)
        assert not increases.close(tx, 1, IncreaseState.GONE, "unknown", NOW + HOUR)
        found = increases.load(tx, 1)
    assert found is not None

    assert (NOW, "U0FIN", "already denied") == (
        found.decided_at,
        found.decided_by,
        found.elsewhere,
    )


def test_what_has_to_be_looked_up(db: Database) -> None:
    """What is pending, and what was refused; never what is on its way."""
    with db.transaction() as tx:
        for number in range(1, 5):
            added(tx, f"slir_{number}")
        for number in (2, 3, 4):
            increases.decide(tx, number, APPROVED, "U0FIN", micros(700), None, NOW)
        increases.refuse(tx, 3, "403")
        increases.confirm(tx, 4, NOW)
        unsettled = [increase.id for increase in increases.unsettled(tx)]
        pending = [increase.id for increase in increases.pending(tx)]
        week = [i.id for i in increases.decided_between(tx, NOW, NOW + HOUR)]
        before = increases.decided_between(tx, NOW - HOUR, NOW)

    assert ([1, 3], [1], [2, 3, 4], []) == (unsettled, pending, week, before)


def test_a_failure_keeps_its_beginning(db: Database) -> None:
    """However often it is tried; an answer ends it."""
    with db.transaction() as tx:
        added(tx)
        increases.decide(tx, 1, APPROVED, "U0FIN", micros(700), None, NOW)
        increases.fail(tx, 1, NOW)
        increases.fail(tx, 1, NOW + HOUR)
        failing = increases.load(tx, 1)
        increases.confirm(tx, 1, NOW + HOUR)
        done = increases.load(tx, 1)
    assert failing is not None
    assert done is not None

    assert (NOW, None) == (failing.failing_since, done.failing_since)


def test_an_outage_of_the_queue_has_one_beginning(db: Database) -> None:
    """It ends with the first answer, and the next one begins anew."""
    later = NOW + timedelta(minutes=5)
    with db.transaction() as tx:
        assert None is increase_queue.read(tx)
        increase_queue.fail(tx, "503", NOW)
        increase_queue.fail(tx, "504", later)
    with db.transaction() as tx:
        assert increase_queue.Outage(NOW, "504") == increase_queue.outage(tx)
        assert increase_queue.Outage(NOW, "504") == increase_queue.read(tx)
    with db.transaction() as tx:
        assert None is increase_queue.outage(tx)
        assert increase_queue.Outage(later, "503") == increase_queue.fail(tx, "503", later)
