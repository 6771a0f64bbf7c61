"""Who may ask, where the dollars come from, the break-glass, and grace: what the policy file says."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.budgets import (
    ApproverList,
    BreakGlass,
    Budget,
    BudgetId,
    Funding,
    PersonRef,
    WhoAsks,
)
from bot.domain.spans import Span
from tests.config.policy_text import changed, error_lines, load

SEARCH = "  - id: search\n"
HOUR = timedelta(hours=1)


def search(tmp_path: Path, lines: str) -> Budget:
    """The budget search with further lines."""
    text = changed((SEARCH, SEARCH + lines))
    return load(text, tmp_path).policy.tree.budgets[BudgetId("search")]


def test_without_a_word_everybody_may_ask_and_nobody_breaks_the_glass(tmp_path: Path) -> None:
    """The defaults: any member asks, any funding, no break-glass, no grace."""
    budget = search(tmp_path, "")

    assert budget.overage.ask is WhoAsks.ANYONE
    assert budget.overage.funding == tuple(Funding)
    assert budget.overage.break_glass is None
    assert budget.overage.remind_after == HOUR / 4
    assert budget.grace == Span()


def test_a_critical_budget_has_a_small_and_short_break_glass(tmp_path: Path) -> None:
    """Without numbers of its own it is ten per cent for a day."""
    budget = search(tmp_path, "    critical: true\n")

    assert budget.overage.break_glass == BreakGlass(10, Span(24 * HOUR))


def test_a_team_a_funding_and_a_grace_are_read(tmp_path: Path) -> None:
    """What a budget says about its own requests."""
    budget = search(
        tmp_path,
        "    team: {people: [kim@example.com], usergroup: S0604QSJC}\n"
        "    grace: 2h\n"
        "    critical: true\n"
        "    overage:\n"
        "      ask: team\n"
        "      funding: [transfer]\n"
        "      break_glass: {max_percent: 5%, max_term: 4h}\n"
        "      remind_after: 30m\n",
    )

    assert budget.team == ApproverList("team", (PersonRef("kim@example.com"),), "S0604QSJC")
    assert budget.grace == Span(2 * HOUR)
    assert budget.overage.ask is WhoAsks.TEAM
    assert budget.overage.funding == (Funding.TRANSFER,)
    assert budget.overage.break_glass == BreakGlass(5, Span(4 * HOUR))
    assert budget.overage.remind_after == HOUR / 2


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("    team: {}\n", "team: names nobody"),
        ("    overage: {ask: everybody}\n", "overage.ask: "),
        ("    overage: {funding: []}\n", "overage.funding: "),
        ("    overage: {funding: [bank]}\n", "overage.funding[0]: "),
        ("    overage: {break_glass: {max_percent: 0.5}}\n", "break_glass.max_percent: "),
        ("    critical: 1\n", "critical: "),
    ],
)
def test_a_mistake_is_named_by_its_place(tmp_path: Path, lines: str, said: str) -> None:
    """Each fault says which field it is about."""
    assert said in "\n".join(error_lines(changed((SEARCH, SEARCH + lines)), tmp_path))
