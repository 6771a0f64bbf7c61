"""Owner and backup break the glass at once: it happens once."""

from functools import partial
from pathlib import Path

import pytest

from bot.domain.budgets import BudgetId
from bot.domain.errors import UserError
from bot.domain.glass import Wanted
from bot.domain.money import micros
from bot.flows import overages
from bot.flows.overages import Asked
from bot.parts import Bot
from store import raises
from tests.faults.bench import POLICY, Bench, bench, close
from tests.races.starts import at_once

CRITICAL = POLICY.replace("    at_limit: block\n", "    at_limit: block\n    critical: true\n")
SEARCH = BudgetId("search")


def breaks(bot: Bot, who: str, place: Bench) -> object:
    """What somebody gets for it; an error is an answer too."""
    budget = bot.policy.tree.budgets[SEARCH]
    wanted = Wanted("5", f"{who} saw it down")
    try:
        return overages.break_glass(bot, budget, who, wanted, place.clock())
    except UserError as error:
        return error.text


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_at_once_break_it_once(tmp_path: Path, database_url: str) -> None:
    """One raise, and the other reads who was first."""
    with bench(tmp_path, database_url, CRITICAL) as place:
        place.turn()
        other = place.replica()
        calls = [
            partial(breaks, bot, who, place)
            for bot in (place.bot, other)
            for who in ("U0DANA", "U0LEE")
        ]
        results = at_once(calls)
        with place.bot.db.transaction() as tx:
            made = raises.of_budget(tx, SEARCH)
        close(other)

    assert [micros("5")] == [r.extra for r in made]
    first = {r.request.requester for r in results if isinstance(r, Asked)}
    assert 1 == len(first)
    refused = [r for r in results if isinstance(r, str)]
    assert 2 == len(refused)
    assert all("was broken already in this period" in text for text in refused)
