"""When a parent's alert only repeats its child's: same person, as badly off, most of the spend."""

from dataclasses import replace

import pytest

from bot.domain.alerts import due_alert, repeats
from bot.domain.budgets import BudgetId, PersonRef
from bot.domain.money import micros
from bot.domain.standings import Standing
from tests.domain.values import BUDGET, UNLIMITED, standing

PARENT = replace(BUDGET, id=BudgetId("platform"), limit=micros("120"))


def is_said(child: Standing, spent_above: str) -> bool:
    """Whether the child's alert says what the parent's would."""
    alert = due_alert(standing(spent_above, budget=PARENT), [])
    assert alert is not None
    return repeats(alert, child)


@pytest.mark.parametrize(
    ("spent", "above", "said"),
    [
        ("70", "70", True),
        ("70", "100", False),  # the parent is at respond, the child at look
        ("85", "100", True),
        ("100", "119", True),  # the child is worse off
        ("50", "94", True),
        ("49", "70", False),  # the child was told nothing
    ],
)
def test_what_the_child_has_said(spent: str, above: str, *, said: bool) -> None:
    """The parent adds nothing while the child is as badly off and most of it is the child's."""
    assert said is is_said(standing(spent), above)


def test_another_persons_child_says_nothing() -> None:
    """Both are told."""
    theirs = replace(BUDGET, owner=PersonRef("lee@example.com"))

    assert is_said(standing("70"), "70")
    assert not is_said(standing("70", budget=theirs), "70")


def test_a_small_child_says_nothing_for_all_the_others() -> None:
    """It is as badly off, but whoever acts on it does not act on what the parent spent."""
    small = replace(BUDGET, limit=micros("30"))

    assert not is_said(standing("30", budget=small), "60")
    assert is_said(standing("30.000001", budget=small), "60")


def test_a_child_without_a_limit_says_nothing() -> None:
    """Nobody is alerted about it."""
    assert not is_said(standing("70", budget=replace(UNLIMITED, owner=BUDGET.owner)), "70")
