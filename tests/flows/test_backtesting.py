"""Backtests of the ledger: a budget with what is below it, full periods only, limits as they were."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from slack_sdk import WebClient

from bot.clients.slack import Slack
from bot.domain.attribution import Charge
from bot.domain.backtest import FIXED_80, POLICY, Backtest
from bot.domain.budgets import BudgetId
from bot.domain.errors import UserError
from bot.domain.money import micros
from bot.domain.periods import midnight
from bot.domain.spans import Span
from bot.flows.backtesting import Asked, from_file, from_ledger
from bot.parts import Bot
from store import allocations, ledger
from store.db import Database
from tests.domain.values import BUDGET, DAY, HOUR, NEW_YORK, NOW, UNLIMITED, policy
from tests.store.test_ledger import ROW

PLATFORM = replace(BUDGET, id=BudgetId("platform"), name="Platform", limit=micros(1000))
SEARCH = replace(BUDGET, parent=PLATFORM.id, limit=micros(300))
AUGUST = date(2026, 8, 1)


@pytest.fixture
def acme(db: Database) -> Bot:
    """Acme, with nobody to write to."""
    client = WebClient(token="")
    return Bot(
        policy=policy(PLATFORM, SEARCH, UNLIMITED),
        db=db,
        slack=Slack(client, client),
        sources={},
        targets={},
        clock=lambda: NOW,
    )


def spend(bot: Bot, budget: str, usd: str, days: int, length: timedelta = HOUR) -> None:
    """So much on every day from August on, at noon or all day long."""
    charges = []
    for number in range(days):
        starts_at = midnight(AUGUST + number * DAY, NEW_YORK)
        starts_at += 12 * HOUR if length == HOUR else timedelta()
        row = replace(ROW, starts_at=starts_at, ends_at=starts_at + length, row_id=str(number))
        charges.append(Charge(budget, row, micros(usd), micros(usd)))
    with bot.db.transaction() as tx:
        ledger.add(tx, "import:file", charges)


def set_limit(bot: Bot, budget: str, usd: str, at: datetime) -> None:
    """A revision of the allocation."""
    with bot.db.transaction() as tx:
        allocations.apply_file(tx, {BudgetId(budget): micros(usd)}, f"v{usd}", at)


def one(bot: Bot, asked: Asked) -> Backtest:
    """The backtest of the one budget that is asked for."""
    (found,) = from_ledger(bot, asked, NOW)
    return found


def test_a_budget_is_replayed_with_everything_below_it(acme: Bot) -> None:
    """The parent's spend is its children's and its own; every budget with a limit has its turn."""
    spend(acme, "search", "11", 115)
    spend(acme, "platform", "20", 115)
    spend(acme, "unattributed", "5", 115)
    platform, search = from_ledger(acme, Asked(), NOW)

    assert ["platform", "search"] == [platform.budget.id, search.budget.id]
    assert [31 * 31, 30 * 31, 31 * 31] == [p.walk.spent // 10**6 for p in platform.periods]
    assert (0, 3) == (platform.overruns, search.overruns)
    assert "the limit in the policy file" == search.limits_from


def test_the_present_period_does_not_count(acme: Bot) -> None:
    """November is not over; `since` leaves out what began before, but learns from it."""
    spend(acme, "search", "11", 115)
    found = one(acme, Asked(acme.policy.tree.budgets[SEARCH.id], since=date(2026, 9, 15)))

    assert [date(2026, 10, 1)] == [p.walk.period.first_day for p in found.periods]
    assert found.periods[0].walk.moments[0].forecast.p50 is not None


def test_limits_are_those_that_were_in_force_when_a_period_began(acme: Bot) -> None:
    """Before the first one is known, that one; it is said."""
    spend(acme, "search", "11", 115)
    set_limit(acme, "search", "500", midnight(date(2026, 8, 20), NEW_YORK))
    set_limit(acme, "search", "320", midnight(date(2026, 9, 20), NEW_YORK))
    found = one(acme, Asked(acme.policy.tree.budgets[SEARCH.id]))

    assert [500, 500, 320] == [p.walk.limit // 10**6 for p in found.periods]
    assert 1 == found.overruns
    assert found.limits_from == (
        "the allocation in force when each period began; for 1 that began before any was known, "
        "the first one"
    )


def test_what_is_asked_stands_for_what_the_policy_says(acme: Bot) -> None:
    """Another limit and another lead time, to see what they would have done."""
    spend(acme, "search", "11", 115)
    found = one(
        acme,
        Asked(acme.policy.tree.budgets[SEARCH.id], micros(200), Span(working_days=2)),
    )

    assert 3 == found.overruns
    assert Span(working_days=2) == found.budget.lead_time
    assert "the limit that was given" == found.limits_from
    assert 3 == found.scores[POLICY].in_time + found.scores[POLICY].late


def test_days_that_were_compacted_are_spread_over_their_hours(acme: Bot) -> None:
    """To the micro-dollar; the limit is then reached within the day."""
    spend(acme, "search", "10.000007", 115, length=DAY)
    found = one(acme, Asked(acme.policy.tree.budgets[SEARCH.id], micros(105)))

    assert 31 * 10_000_007 == found.periods[0].walk.spent
    reached = found.periods[0].walk.reached_at
    assert reached is not None
    assert (11, 11) == (reached.astimezone(NEW_YORK).day, reached.astimezone(NEW_YORK).hour)


@pytest.mark.parametrize(
    ("days", "budget", "says"),
    [
        (0, "search", "the ledger is empty; budget-bot backfill or import fills it"),
        (
            20,
            "search",
            "no full month between 2026-08-01 and 2026-08-20; read more with budget-bot",
        ),
        (40, "unattributed", "unattributed has no limit; set one in the policy file, or add"),
    ],
)
def test_what_cannot_be_replayed_names_the_remedy(
    acme: Bot, days: int, budget: str, says: str
) -> None:
    """One sentence."""
    spend(acme, "search", "11", days)

    with pytest.raises(UserError, match=says):
        from_ledger(acme, Asked(acme.policy.tree.budgets[BudgetId(budget)]), NOW)


def test_a_file_is_replayed_by_the_defaults_or_a_budgets_rules(acme: Bot, tmp_path: Path) -> None:
    """It needs a limit; a named budget has one."""
    file = tmp_path / "team.csv"
    lines = [f"{AUGUST + n * DAY},11" for n in range(61)]
    file.write_text("\n".join(["at,cost_usd", *lines, ""]))
    search = acme.policy.tree.budgets[SEARCH.id]
    plain = from_file(acme.policy, file, Asked(limit=micros(335)))
    named = from_file(acme.policy, file, Asked(search))

    assert ("team", 1) == (plain.budget.name, plain.overruns)
    assert ("search", 2) == (named.budget.id, named.overruns)
    assert "the limit of search in the policy file" == named.limits_from
    assert 2 == sum(
        getattr(named.scores[FIXED_80], verdict) for verdict in ("in_time", "late", "missed")
    )
    with pytest.raises(UserError, match="add --limit USD, or --budget"):
        from_file(acme.policy, file, Asked())
    with pytest.raises(UserError, match=r"no full month .* after 2026-09-15; the file has to hold"):
        from_file(acme.policy, file, Asked(search, since=date(2026, 9, 15)))
