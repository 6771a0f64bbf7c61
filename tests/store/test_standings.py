"""Standings put together: ledger, allocations, raises and the age of the figures."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.attribution import Charge
from bot.domain.budgets import UNATTRIBUTED, Budget, BudgetId
from bot.domain.limits import Allocation
from bot.domain.money import Micros, micros
from bot.domain.periods import Cadence, period_at
from bot.domain.policy import Basis, Policy, SourcePolicy
from bot.domain.standings import Freshness, Standing
from bot.domain.usage import Window
from store import allocations, ledger, sources, standings
from store.db import Database
from store.sources import SourceState
from tests.domain.values import BUDGET, DAY, HOUR, NEW_YORK, NOW, PERIOD, UNLIMITED, policy
from tests.store.test_ledger import ROW

SEARCH = replace(BUDGET, parent=BudgetId("platform"))
PLATFORM = replace(BUDGET, id=BudgetId("platform"), limit=micros(1000))
DAILY = replace(BUDGET, id=BudgetId("daily"), cadence=Cadence.DAY, limit=micros(10))
REST = replace(UNLIMITED, id=UNATTRIBUTED)
POLICY = policy(PLATFORM, SEARCH, DAILY, REST)


def spend(db: Database, *charges: tuple[str, datetime, str]) -> None:
    """(budget, hour, dollars), as if polled just now."""
    window = Window(NOW - 40 * DAY, NOW + DAY)
    with db.transaction() as tx:
        rows = [
            Charge(b, replace(ROW, starts_at=at, ends_at=at + HOUR), micros(usd), micros(usd) * 2)  # type: ignore[arg-type]
            for b, at, usd in charges
        ]
        ledger.replace(tx, "anthropic", window, rows)
        sources.save(tx, SourceState("anthropic", ok_at=NOW, refreshed_at=NOW))


def gathered(
    db: Database, rules: Policy = POLICY, now: datetime = NOW
) -> Mapping[BudgetId, Standing]:
    """The standings at a moment."""
    with db.transaction() as tx:
        return standings.gather(tx, rules, now)


def spent(db: Database, rules: Policy = POLICY, now: datetime = NOW) -> dict[str, Micros]:
    """Only the spend of each budget."""
    return {str(b): s.spent for b, s in gathered(db, rules, now).items()}


def test_a_childs_spend_counts_for_its_parents(db: Database) -> None:
    """And nobody else's; what is unattributed stands by itself."""
    spend(db, ("search", NOW - HOUR, "30"), ("platform", NOW - HOUR, "5"))

    assert {
        "platform": micros("35"),
        "search": micros("30"),
        "daily": 0,
        "unattributed": 0,
    } == spent(db)


def test_each_budget_counts_its_own_period(db: Database) -> None:
    """The month from its first local midnight, the day from today's."""
    month, today = PERIOD.starts_at, period_at(NOW, Cadence.DAY, NEW_YORK).starts_at
    spend(
        db,
        ("search", month - HOUR, "1"),
        ("search", month, "2"),
        ("daily", today - HOUR, "4"),
        ("daily", today, "8"),
        ("unattributed", month, "16"),
    )
    found = spent(db)

    assert (micros("2"), micros("8"), micros("16")) == (
        found["search"],
        found["daily"],
        found["unattributed"],
    )


def test_a_moment_in_the_past_sees_only_what_was_before_it(db: Database) -> None:
    """`tick --at` and replays do not know the future."""
    spend(db, ("search", NOW - 5 * HOUR, "1"), ("search", NOW - 2 * HOUR, "2"))

    assert micros("1") == spent(db, now=NOW - 3 * HOUR)["search"]
    assert micros("3") == spent(db)["search"]


def test_the_basis_of_the_policy_counts(db: Database) -> None:
    """On list prices the same usage costs twice as much here."""
    spend(db, ("search", NOW - HOUR, "30"))

    rules = policy(PLATFORM, SEARCH, DAILY, REST, basis=Basis.LIST)
    assert micros("60") == spent(db, rules)["search"]


def test_the_newest_allocation_is_the_limit(db: Database) -> None:
    """Until the policy file was applied for the first time, what it says is good enough."""
    before = gathered(db)
    with db.transaction() as tx:
        allocations.apply_file(tx, {BUDGET.id: micros("250")}, "v2", NOW)
    after = gathered(db)

    assert Allocation(BUDGET.id, micros("100"), 0) == before[BUDGET.id].allocation
    assert Allocation(BUDGET.id, micros("250"), 1) == after[BUDGET.id].allocation
    assert micros("250") == after[BUDGET.id].limit
    assert None is after[UNATTRIBUTED].limit


@pytest.mark.parametrize(
    ("charges", "daily"),
    [
        ([(20 * DAY, "70")], "0"),  # older than the days that count
        ([(20 * DAY, "70"), (DAY, "70")], "10"),  # a week's worth
        ([(2 * DAY, "70")], "35"),  # the history is two days long
        ([(3 * HOUR, "70")], "70"),  # a history of hours counts as a day
        ([], "0"),
    ],
)
def test_the_run_rate_is_one_of_the_last_days(
    db: Database, charges: list[tuple[timedelta, str]], daily: str
) -> None:
    """Seven days at most, and no more than there is."""
    spend(db, *(("search", NOW - ago, usd) for ago, usd in charges))

    assert micros(daily) == gathered(db)[BUDGET.id].daily_rate


def test_the_run_rate_ends_where_the_figures_end(db: Database) -> None:
    """Hours that nobody has reported yet do not make it look as if usage had stopped."""
    spend(db, ("search", NOW - 4 * DAY, "70"))
    with db.transaction() as tx:
        sources.save(tx, SourceState("anthropic", ok_at=NOW, refreshed_at=NOW - 2 * DAY))

    assert micros("35") == gathered(db)[BUDGET.id].daily_rate


# How old the figures are.

OTHER = SourcePolicy("litellm", timedelta(minutes=1), 48 * HOUR, 6 * HOUR)
TWO = replace(POLICY, sources=(*POLICY.sources, OTHER))


def fresh(db: Database, *states: SourceState, rules: Policy = POLICY) -> Freshness:
    """The age of the figures when the sources are in these states."""
    with db.transaction() as tx:
        for state in states:
            sources.save(tx, state)
        return standings.freshness(tx, rules, NOW)


def test_before_the_first_poll_there_are_no_figures(db: Database) -> None:
    """That is stale, and it says why."""
    nothing = Freshness(None, stale=True, reason="no usage has been read yet")

    assert nothing == fresh(db)
    assert nothing == gathered(db)[BUDGET.id].freshness


def test_a_source_that_never_answered_says_what_is_wrong(db: Database) -> None:
    """The reason of the failure stands where the figures should."""
    down = SourceState("anthropic", polled_at=NOW, blind_since=NOW, blind_reason="HTTP 401")

    assert Freshness(None, True, NOW, "HTTP 401") == fresh(db, down)


def test_figures_are_as_old_as_the_source_says(db: Database) -> None:
    """Not as old as the poll: a source answers at once with figures of an hour ago."""
    said = SourceState("anthropic", ok_at=NOW, refreshed_at=NOW - HOUR)
    silent = SourceState("anthropic", ok_at=NOW)

    assert Freshness(NOW - HOUR, stale=False) == fresh(db, said)
    assert Freshness(NOW, stale=False) == fresh(db, silent)


def test_the_oldest_source_counts_and_one_blind_one_is_enough(db: Database) -> None:
    """The sum is only as good as its worst part."""
    good = SourceState("anthropic", ok_at=NOW, refreshed_at=NOW)
    old = SourceState("litellm", ok_at=NOW, refreshed_at=NOW - 2 * HOUR)
    blind = replace(old, blind_since=NOW - HOUR, blind_reason="HTTP 503")

    assert Freshness(None, True, None, "no usage has been read yet") == fresh(db, good, rules=TWO)
    assert Freshness(NOW - 2 * HOUR, stale=False) == fresh(db, old, rules=TWO)
    assert Freshness(NOW - 2 * HOUR, True, NOW - HOUR, "HTTP 503") == fresh(db, blind, rules=TWO)


def test_of_two_blind_sources_the_longer_is_told(db: Database) -> None:
    """Blind since the first of them went dark."""
    one = SourceState("anthropic", ok_at=NOW, blind_since=NOW - HOUR, blind_reason="HTTP 503")
    two = SourceState("litellm", ok_at=NOW, blind_since=NOW - DAY, blind_reason="HTTP 401")

    found = fresh(db, one, two, rules=TWO)
    assert (NOW - DAY, "HTTP 401") == (found.blind_since, found.reason)


def test_a_budget_of_pushed_usage_is_as_fresh_as_it_can_be(db: Database) -> None:
    """A source that is polled and blind says nothing about it; what it feeds is blind."""
    charge = Charge("search", replace(ROW, starts_at=NOW - HOUR, ends_at=NOW), micros(5), micros(5))
    with db.transaction() as tx:
        ledger.add(tx, "push:gateway", [charge])
        sources.save(
            tx, SourceState("anthropic", ok_at=NOW - DAY, blind_since=NOW - DAY, blind_reason="503")
        )
    found = gathered(db)

    assert (False, True) == (found[BUDGET.id].freshness.stale, found[DAILY.id].freshness.stale)
    assert NOW == found[BUDGET.id].freshness.as_of


def test_a_deep_tree_counts_every_dollar_once(db: Database) -> None:
    """Workload, squad, product line: each level holds what lies below, and no more."""
    chain: list[Budget] = []
    for depth in range(6):
        parent = chain[-1].id if chain else None
        chain.append(replace(BUDGET, id=BudgetId(f"b{depth}"), parent=parent))
    spend(db, *((f"b{depth}", NOW - HOUR, str(10**depth)) for depth in range(6)))
    found = spent(db, policy(*chain))

    assert {f"b{n}": micros(sum(10**d for d in range(n, 6))) for n in range(6)} == found


def test_what_was_charged_to_a_budget_that_left_is_nobodys(db: Database) -> None:
    """Renaming a budget in mid-period loses no dollar: it is shown as unattributed."""
    spend(db, ("renamed", NOW - HOUR, "12"), ("search", NOW - HOUR, "30"))

    assert (micros("12"), micros("30")) == (
        spent(db)["unattributed"],
        spent(db)["platform"],
    )
