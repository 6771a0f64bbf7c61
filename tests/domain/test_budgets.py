"""Budgets: stages that compare, and the tree they form."""

from dataclasses import replace

import pytest

from bot.domain.budgets import BudgetId, BudgetTree, Stage
from bot.domain.spans import Span
from tests.domain.values import BUDGET, HOUR


def tree() -> BudgetTree:
    """platform over search over rerank, and growth beside them."""
    platform = replace(BUDGET, id=BudgetId("platform"))
    search = replace(BUDGET, id=BudgetId("search"), parent=BudgetId("platform"))
    rerank = replace(BUDGET, id=BudgetId("rerank"), parent=BudgetId("search"))
    growth = replace(BUDGET, id=BudgetId("growth"))
    return BudgetTree({b.id: b for b in (platform, search, rerank, growth)})


def test_stages_are_compared_by_how_bad_they_are() -> None:
    """As words they would be sorted by the alphabet."""
    assert [Stage.LOOK, Stage.RESPOND, Stage.INTERVENE, Stage.EXHAUSTED] == sorted(Stage)
    assert ["look", "respond", "intervene", "exhausted"] == [stage.word for stage in Stage]


@pytest.mark.parametrize(
    ("stage", "percent", "within"),
    [
        (Stage.LOOK, 50, Span(working_days=2)),
        (Stage.RESPOND, 80, Span(8 * HOUR)),
        (Stage.INTERVENE, 95, Span(HOUR)),
        (Stage.EXHAUSTED, 100, Span(HOUR)),  # as urgent as intervene
    ],
)
def test_each_stage_has_its_share_and_its_time_to_answer(
    stage: Stage, percent: int, within: Span
) -> None:
    """The worse the stage, the sooner an answer is wanted."""
    assert percent == BUDGET.thresholds.percent(stage)
    assert within == BUDGET.answer_within.span(stage)


def test_a_path_leads_from_a_budget_up_to_its_root() -> None:
    """The nearest first, because the nearest binds when headrooms are equal."""
    assert ("rerank", "search", "platform") == tree().path(BudgetId("rerank"))
    assert ("growth",) == tree().path(BudgetId("growth"))


def test_a_family_is_everything_whose_spend_counts() -> None:
    """A parent's spend is its own and that of everything below it."""
    assert {"platform", "search", "rerank"} == tree().family(BudgetId("platform"))
    assert {"rerank"} == tree().family(BudgetId("rerank"))
    assert ["platform", "search", "rerank", "growth"] == [b.id for b in tree()]
