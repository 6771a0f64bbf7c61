"""Rules that change in the middle of a period: everything is attributed anew, nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.flows import status
from tests.story.town import POLICY, Town, at, town
from tests.web.test_push import SECRET, push, row

SPLIT = POLICY.replace(
    '    match: [{api_key: "growth-*"}]\n',
    "  - id: shared\n    split: {search: 60%, growth: 40%}\n    match: [{workspace: shared}]\n",
)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Acme in the second week of November."""
    begins = at("2026-11-03 09:00")
    with town(tmp_path, database_url, "http", begins, USAGE_PUSH_SECRET=SECRET) as place:
        place.turn()
        yield place


def spent(acme: Town) -> dict[str, int]:
    """Micro-dollars of each budget that has any."""
    found = status.all_standings(acme.bot.bot, acme.clock())
    return {s.budget.id: s.spent for s in found if s.spent}


def change(acme: Town, policy: str) -> None:
    """A new policy file, and the bot started with it."""
    acme.stop_bot()
    acme.write_policy(policy)
    acme.start_bot()
    acme.turn()


def test_new_rules_attribute_the_period_anew_and_say_what_moved(acme: Town) -> None:
    """Days that are no longer polled move too; back again, every micro-dollar is where it was."""
    acme.clock.to(at("2026-11-04 10:00"))
    acme.spends("10.000001", workspace="shared")
    acme.spends("5")
    acme.goes_to("2026-11-12 10:00")
    before = spent(acme)
    assert {"unattributed": 10_000_001, "search": 5_000_000, "platform": 5_000_000} == before

    change(acme, SPLIT)
    assert {
        "search": 11_000_001,
        "growth": 4_000_000,
        "platform": 15_000_001,
    } == spent(acme)
    (told,) = acme.said_in("#ai-budget-ops")
    assert "unattributed -$10" in told
    assert "search +$6" in told
    assert "growth +$4" in told

    change(acme, POLICY)
    assert before == spent(acme)


def test_pushed_rows_move_too(acme: Town) -> None:
    """They come only once, so they are attributed anew from the ledger."""
    push(acme, [row(1, "7", workspace_id=None), row(2, "3", team="other")])
    acme.goes_to("2026-11-03 10:00")
    assert {"unattributed": 10_000_000} == spent(acme)

    change(acme, POLICY.replace('[{api_key: "growth-*"}]', '[{team: "growth"}]'))

    assert {"growth": 7_000_000, "unattributed": 3_000_000, "platform": 7_000_000} == spent(acme)


def test_a_change_that_moves_nothing_says_nothing(acme: Town) -> None:
    """A new threshold is a new policy version, and no news for the operators."""
    acme.spends("5")
    acme.goes_to("2026-11-03 10:00")
    change(acme, POLICY.replace("limit: 300", "limit: 301"))

    assert [] == acme.said_in("#ai-budget-ops")


def test_a_budget_that_leaves_the_policy_file_is_told(acme: Town) -> None:
    """With what the target still holds for it; its usage goes where the new rules say."""
    acme.spends("85")
    acme.goes_to("2026-11-03 10:00")
    change(acme, POLICY.replace("  - id: search\n", "  - id: searching\n"))

    (told, moved) = acme.said_in("#ai-budget-ops")
    assert "The budget search is no longer in the policy file" in told
    assert "still holds $100 (allowed)" in told
    assert "searching +$85" in moved
    assert {"searching": 85_000_000, "platform": 85_000_000} == spent(acme)
