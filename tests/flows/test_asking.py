"""Who may ask for more: the owner, the team that spends it, or every member."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.budgets import ApproverList, BudgetTree, PersonRef, WhoAsks
from bot.domain.errors import UserError
from bot.domain.people import Person
from bot.flows.overages import ask
from bot.flows.tick import tick
from tests.faults.bench import SEARCH, Bench, bench

TEAM = ApproverList("team", (PersonRef("kim@example.com"),), "S0LEADS")  # Pat is in the group
Asks = Callable[..., str | None]


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """A bench on which Tom has used Claude."""
    with bench(tmp_path, database_url) as place:
        place.usage.spend(place.clock(), "5", workspace="team-search", actor="tom@example.com")
        place.turn()
        yield place


@pytest.fixture
def asks(acme: Bench) -> Asks:
    """Somebody asks under a rule; None, or why they may not."""

    def attempt(name: str, rule: WhoAsks, team: ApproverList | None = None) -> str | None:
        bot, tree = acme.bot, acme.bot.policy.tree
        budget = tree.budgets[SEARCH]
        overage = replace(budget.overage, ask=rule)
        changed = replace(budget, overage=overage, team=team)
        policy = replace(bot.policy, tree=BudgetTree({**tree.budgets, SEARCH: changed}))
        asker = Person(f"U0{name.upper()}", name.title(), f"{name}@example.com")
        trigger = f"view:{name}"
        try:
            changed_bot = replace(bot, policy=policy)
            ask(changed_bot, SEARCH, asker, "5", "why", None, trigger, acme.clock())
        except UserError as error:
            return error.text
        return None

    return attempt


@pytest.mark.parametrize("name", ["dana", "lee"])
def test_owner_and_backup_may_always_ask(asks: Asks, name: str) -> None:
    """The narrowest rule."""
    assert asks(name, WhoAsks.OWNER) is None


@pytest.mark.parametrize("name", ["tom", "kim", "pat"])
def test_nobody_else_may_where_it_is_the_owners(asks: Asks, name: str) -> None:
    """It is said who may."""
    told = asks(name, WhoAsks.OWNER, TEAM)

    assert told is not None
    assert told.startswith("Only the owner of Search ranking and their backup")


@pytest.mark.parametrize("name", ["dana", "tom", "kim", "pat"])
def test_the_team_is_named_in_the_group_or_has_spent(asks: Asks, name: str) -> None:
    """Whoever owns it, has spent from it, is named, or is in the user group."""
    assert asks(name, WhoAsks.TEAM, TEAM) is None


@pytest.mark.parametrize("name", ["fin", "ops"])
def test_whoever_is_not_of_the_team_may_not(asks: Asks, name: str) -> None:
    """Nothing is recorded, and it is said who may."""
    told = asks(name, WhoAsks.TEAM, TEAM)

    assert told is not None
    assert told.startswith("Only the team of Search ranking")


def test_what_was_spent_long_ago_makes_no_team(acme: Bench, asks: Asks) -> None:
    """After three months somebody is no longer of the team."""
    acme.later(days=93)
    tick(acme.bot, acme.clock())

    assert asks("tom", WhoAsks.TEAM) is not None


def test_every_member_may_without_a_rule(asks: Asks) -> None:
    """The default."""
    assert asks("ops", WhoAsks.ANYONE) is None
