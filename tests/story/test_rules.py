"""
Rules that change in the middle of a period, and people who leave in it: everything is attributed
anew, nothing is lost.
"""

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

BY_ACTOR = POLICY.replace(
    '[{api_key: "growth-*"}]', '[{actor: "*@growth.example.com"}, {actor: nightly-eval}]'
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


def test_what_a_deleted_user_spent_stays_where_it_was(acme: Town) -> None:
    """The hours are read again without an address, and the one that was known still counts."""
    change(acme, BY_ACTOR)
    ann = acme.usage.add_user("ann@growth.example.com", "Ann")
    acme.clock.to(at("2026-11-04 10:00"))
    acme.spends("20", workspace="Default", actor="ann@growth.example.com")
    acme.goes_to("2026-11-04 10:30")
    before = spent(acme)
    assert {"growth": 20_000_000, "platform": 20_000_000} == before

    acme.usage.delete_user(ann)
    acme.spends("3", workspace="Default", actor=ann)  # the last she did, known only afterwards
    acme.goes_to("2026-11-04 11:00")
    acme.goes_to("2026-11-04 12:00")

    assert {"growth": 23_000_000, "platform": 23_000_000} == spent(acme)
    change(acme, BY_ACTOR.replace("limit: 300", "limit: 301"))
    assert {"growth": 23_000_000, "platform": 23_000_000} == spent(acme)


def test_a_new_service_account_is_known_by_name_within_minutes(acme: Town) -> None:
    """Names are read every quarter of an hour, and after two minutes when an id has none."""
    acme.usage.organization.lists_service_accounts = True
    change(acme, BY_ACTOR)
    acme.goes_to("2026-11-04 10:00")
    nightly = acme.usage.organization.add_service_account("nightly-eval")
    acme.spends("5", workspace="Default", actor=f"service:{nightly}")

    acme.goes_to("2026-11-04 10:01")
    assert {"unattributed": 5_000_000} == spent(acme)
    acme.goes_to("2026-11-04 10:03")
    assert {"growth": 5_000_000, "platform": 5_000_000} == spent(acme)

    read = names_read(acme)
    acme.goes_to("2026-11-04 10:17")
    assert read == names_read(acme)
    acme.goes_to("2026-11-04 10:19")
    assert read + 1 == names_read(acme)


def test_an_id_that_no_list_can_tell_does_not_hurry(acme: Town) -> None:
    """A deleted user's name is told by the row itself, so names are read at their own pace."""
    ann = acme.usage.add_user("ann@growth.example.com")
    acme.usage.delete_user(ann)
    acme.goes_to("2026-11-04 10:00")
    acme.spends("5", workspace="Default", actor=ann)
    read = names_read(acme)
    acme.goes_to("2026-11-04 10:05")

    assert read == names_read(acme)


def names_read(acme: Town) -> int:
    """How often the list of users has been asked for."""
    return sum(seen.path.endswith("/users") for seen in acme.usage.requests)
