"""Who may ask for more, and when those who decide are reminded: what the policy file says."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.budgets import (
    ApproverList,
    Budget,
    BudgetId,
    PersonRef,
    WhoAsks,
)
from tests.config.policy_text import changed, error_lines, load

SEARCH = "  - id: search\n"
HOUR = timedelta(hours=1)


def search(tmp_path: Path, lines: str) -> Budget:
    """The budget search with further lines."""
    text = changed((SEARCH, SEARCH + lines))
    return load(text, tmp_path).policy.tree.budgets[BudgetId("search")]


def test_without_a_word_everybody_may_ask(tmp_path: Path) -> None:
    """The defaults: any member asks, and those who decide are reminded after a quarter of an hour."""
    budget = search(tmp_path, "")

    assert budget.overage.ask is WhoAsks.ANYONE
    assert budget.overage.remind_after == HOUR / 4
    assert budget.team is None


def test_a_team_is_read(tmp_path: Path) -> None:
    """What a budget says about its own requests."""
    budget = search(
        tmp_path,
        "    team: {people: [kim@example.com], usergroup: S0604QSJC}\n"
        "    overage: {ask: team, remind_after: 30m}\n",
    )

    assert budget.team == ApproverList("team", (PersonRef("kim@example.com"),), "S0604QSJC")
    assert budget.overage.ask is WhoAsks.TEAM
    assert budget.overage.remind_after == HOUR / 2


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("    team: {}\n", "team: names nobody"),
        ("    overage: {ask: everybody}\n", "overage.ask: "),
    ],
)
def test_a_mistake_is_named_by_its_place(tmp_path: Path, lines: str, said: str) -> None:
    """Each fault says which field it is about."""
    assert said in "\n".join(error_lines(changed((SEARCH, SEARCH + lines)), tmp_path))
