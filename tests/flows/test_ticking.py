"""A tick looks at what changed: nothing else is asked, and what went wrong is looked at again."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from bot.domain.budgets import Budget, BudgetId, BudgetTree
from bot.domain.money import micros
from bot.flows import records
from bot.flows.tick import acting, pipeline, tick
from bot.parts import Bot
from store import limits
from tests.faults.bench import SEARCH, Bench, bench
from tests.races.policy import POLICY
from tests.store.statements import statements

Done = TypeVar("Done")


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Acme's company, search and growth."""
    with bench(tmp_path, database_url, POLICY) as place:
        place.usage.add_workspace("team-growth")
        yield place


def with_budgets(bot: Bot, count: int) -> Bot:
    """The same bot with more teams below the company."""
    tree = bot.policy.tree
    growth = tree.budgets[BudgetId("growth")]
    more: dict[BudgetId, Budget] = {
        BudgetId(f"team-{n}"): replace(growth, id=BudgetId(f"team-{n}")) for n in range(count)
    }
    grown = replace(
        bot.policy, tree=BudgetTree({**tree.budgets, **more}), version=f"with {count} more"
    )
    return replace(bot, policy=grown)


def asked(acme: Bench, bot: Bot) -> int:
    """How many statements a tick in which nothing changed takes."""
    for _ in range(2):
        acme.later(minutes=1)
        tick(bot, acme.clock())
    acme.later(minutes=1)
    with statements(bot.db) as seen:
        tick(bot, acme.clock())
    return len(seen)


def test_a_tick_costs_the_same_however_many_budgets_there_are(acme: Bench) -> None:
    """Nothing changed: no statement is about one budget, among ten or among two hundred."""
    acme.town.spends("120")
    few = asked(acme, with_budgets(acme.bot, 7))
    many = asked(acme, with_budgets(acme.bot, 197))

    assert few == many


def test_what_changed_for_one_asks_about_few(acme: Bench) -> None:
    """The team that spent and its parent, whoever else there is."""
    acme.town.spends("1")
    counts = []
    for others in (7, 197):
        bot = with_budgets(acme.bot, others)
        asked(acme, bot)
        acme.town.spends("1")
        acme.later(minutes=1)
        with statements(bot.db) as seen:
            tick(bot, acme.clock())
        counts.append(len(seen))

    assert counts[0] == counts[1]


def test_a_look_at_a_quiet_budget_takes_one_savepoint(acme: Bench) -> None:
    """For its limit state; where nothing is to be told and no exception is over, nothing is asked."""
    counts = []
    for others in (7, 57):
        bot = with_budgets(acme.bot, others)
        acme.later(minutes=1)
        with statements(bot.db) as seen:
            tick(bot, acme.clock())
        counts.append(sum(statement.startswith("SAVEPOINT") for statement in seen))

    assert 50 == counts[1] - counts[0]


FAILING = {
    "alert": ("600", "alert.fired"),
    "enforce": ("1", "limit_state.changed"),
}


@pytest.mark.parametrize("act", FAILING)
def test_what_failed_for_one_budget_is_tried_in_the_next_tick(
    acme: Bench, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """Though nothing has changed since; the others had their turn, and then it is quiet."""
    usd, kind = FAILING[act]
    if act == "alert":
        acme.tick()
    acme.town.spends(usd)
    acme.town.spends("200", workspace="team-growth")
    acme.later(minutes=1)
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, act, failing_for(SEARCH, getattr(pipeline, act)))
        acme.tick()
    others = about(acme, kind)
    assert "growth" in others
    assert SEARCH not in others
    acme.later(minutes=1)
    acme.tick()

    assert SEARCH in about(acme, kind)
    so_far = len(list(records.audit_rows(acme.bot, None, None)))
    acme.later(minutes=1)
    acme.tick()
    assert so_far == len(list(records.audit_rows(acme.bot, None, None)))


def test_a_raised_limit_that_failed_reaches_the_target_in_the_next_tick(
    acme: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No dollar is spent and no clock has come; only the failure is a reason to look."""
    acme.tick()
    bot = acme.bot
    budget = replace(bot.policy.tree.budgets[SEARCH], limit=micros("2000"))
    tree = BudgetTree({**bot.policy.tree.budgets, SEARCH: budget})
    raised = replace(bot, policy=replace(bot.policy, tree=tree, version="v2"))
    acme.later(minutes=1)
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "enforce", failing_for(SEARCH, acting.enforce))
        tick(raised, acme.clock())
    assert micros("1000") == held_limit(acme)
    acme.later(minutes=1)
    tick(raised, acme.clock())

    assert micros("2000") == held_limit(acme)


def failing_for(budget: str, act: Callable[..., Done]) -> Callable[..., Done]:
    """The same act, which raises for one budget."""

    def act_or_fail(*arguments: object, **named: object) -> Done:
        standing = arguments[2]
        if standing.budget.id == budget:  # type: ignore[attr-defined]
            raise RuntimeError("the disk is full")
        return act(*arguments, **named)

    return act_or_fail


def about(acme: Bench, kind: str) -> set[str]:
    """Which budgets the record has such an entry of."""
    rows = list(records.audit_rows(acme.bot, None, None))
    subjects = [str(row["subject"]) for row in rows if row["kind"] == kind]
    return {subject.split(":")[1] if ":" in subject else subject for subject in subjects}


def held_limit(acme: Bench) -> int:
    """What the target is to hold for search."""
    with acme.bot.db.transaction() as tx:
        held = limits.load(tx, SEARCH)
    assert held is not None
    return held.state.limit
