"""Approvals at once on two budgets that the reserve can pay one of: it pays one."""

from functools import partial
from pathlib import Path

import pytest

from bot.domain.budgets import BudgetId
from bot.domain.overages import RequestState
from bot.domain.people import Person
from bot.flows import overages
from bot.flows.overages import Decided, NotDecided
from tests.faults.bench import POLICY, bench, close
from tests.races.starts import at_once

# Budgets enough for a round each, and a reserve of which two of three dollars remain to fight for.
BUDGETS = [f"team-{number}" for number in range(12)]
MANY = POLICY + "".join(
    f"  - {{id: {name}, owner: lee@example.com, limit: 300, match: [{{api_key: {name}}}]}}\n"
    for name in BUDGETS
)
TERM = "commitment: {amount: 600, starts: 2026-07-01, ends: 2027-06-30, reserve: 5%}\n"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_approvals_at_once_do_not_find_the_same_dollars(tmp_path: Path, database_url: str) -> None:
    """They lock other requests and other limits: of twelve for $20 a reserve of $30 pays one."""
    with bench(tmp_path, database_url, MANY + TERM) as place:
        place.turn()
        other, tom = place.replica(), Person("U0TOM", "Tom", "tom@example.com")
        now = place.clock()
        requests = [
            overages.ask(
                place.bot, BudgetId(name), tom, "20", "why", None, f"view:{name}", now
            ).request
            for name in BUDGETS
        ]
        results = at_once(
            [
                partial(
                    overages.decide,
                    (place.bot, other)[number % 2],
                    request.id,
                    "U0FIN",
                    RequestState.APPROVED,
                    None,
                    now,
                )
                for number, request in enumerate(requests)
            ]
        )
        close(other)

    assert 1 == sum(isinstance(result, Decided) for result in results)
    refused = [result.text for result in results if isinstance(result, NotDecided)]
    assert 11 == len(refused)
    assert all("the reserve has $10 of $30 left" in text for text in refused)
