"""A share that a forecast overrules, in words, on every surface that shows a stage."""

from dataclasses import replace

import pytest

from bot.domain.budgets import BudgetId
from bot.domain.forecast import runway
from bot.domain.money import Micros
from bot.domain.outlook import Outlook
from bot.domain.policy import Basis
from bot.domain.standings import Standing
from bot.render.digest import digest_message
from bot.render.status import bar, status_list
from tests.domain.forecast.histories import at, outlook, weeks
from tests.domain.values import BUDGET, FRESH, NEW_YORK, STALE, standing
from tests.render.samples import digest

WORDS = "forecast stays below the limit"


def stands(limit: int, history: int = 56) -> Standing:
    """$20,000 spent, and $1,100 to come, of a limit in dollars."""
    ahead = outlook(weeks(history), spent="20000")
    budget = replace(BUDGET, id=BudgetId(f"b-{limit}-{history}"), limit=Micros(limit * 1_000_000))
    s = standing(ahead.spent, budget=budget, now=at(0))
    return replace(s, outlook=Outlook(ahead, runway(ahead, budget.limit)))


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (stands(24_000), f"83 % · {WORDS}"),
        (stands(24_000, history=20), "83 % · respond"),
        (replace(stands(24_000), freshness=STALE), "83 % · respond"),
        (stands(20_000), "100 % · exhausted"),
        (stands(90_000), "22 %"),
    ],
)
def test_the_bar_ends_with_what_counts(shown: Standing, said: str) -> None:
    """A stage, or why there is none; below every share nothing."""
    assert bar(shown).partition(" ")[2] == said


def test_a_status_says_it_in_its_text() -> None:
    """Read aloud, too, it stands where a stage would."""
    listed = status_list([stands(24_000)], FRESH, Basis.NET, NEW_YORK, "Acme")

    assert f"(83 %), {WORDS}, forecast $21,100 at the end" in listed.text


def test_the_digest_counts_it_for_itself() -> None:
    """It is neither at a stage nor below every threshold."""
    found = [stands(24_000), stands(90_000), stands(24_000, history=20)]
    told = digest_message(digest(standings=found)).text

    assert f"beyond a share, but {WORDS}: 1; below every threshold: 1 of 3" in told
    assert WORDS not in digest_message(digest(standings=found[1:])).text
