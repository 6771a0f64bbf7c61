"""A forecast on demand is worked out from what was known at its moment, wherever the figures are."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from slack_sdk import WebClient

from bot.clients.slack import Slack
from bot.clock import utc_now
from bot.domain.attribution import Charge
from bot.domain.budgets import UNATTRIBUTED, Budget, BudgetId
from bot.domain.errors import UserError
from bot.domain.forecast import Confidence
from bot.domain.money import Micros, micros
from bot.domain.periods import Cadence
from bot.flows.forecasting import Forecasted, of_file, of_ledger
from bot.parts import Bot
from store import ledger, sources
from store.db import Database
from store.sources import SourceState
from tests.domain.values import BUDGET, DAY, HOUR, NEW_YORK, UNLIMITED, policy
from tests.store.test_ledger import ROW

BERLIN = ZoneInfo("Europe/Berlin")
COMPANY = replace(BUDGET, id=BudgetId("company"), limit=micros(492))
SEARCH = replace(BUDGET, id=BudgetId("search"), parent=COMPANY.id, limit=micros(1000))
WEEKLY = replace(BUDGET, id=BudgetId("weekly"), cadence=Cadence.WEEK, time_zone=BERLIN)
POLICY = policy(COMPANY, SEARCH, WEEKLY, replace(UNLIMITED, id=UNATTRIBUTED))
Spent = Mapping[datetime, Micros]


def at(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    """`2026-11-11 00:00`, on a zone's clocks."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))


def hours(first: str, until: str, dollars: int = 1) -> dict[datetime, Micros]:
    """So much in every hour."""
    begin, end = at(first), at(until)
    return {begin + n * HOUR: micros(dollars) for n in range((end - begin) // HOUR)}


@pytest.fixture
def bot(db: Database) -> Bot:
    """A bot that never talks to anybody."""
    return Bot(
        policy=POLICY,
        db=db,
        slack=Slack(WebClient(token="", base_url="http://127.0.0.1:9/")),
        sources={},
        targets={},
        clock=utc_now,
    )


def charge(bot: Bot, budget: str, spent: Spent, source: str = "pushed") -> None:
    """Charges in the ledger."""
    rows = [
        Charge(budget, replace(ROW, starts_at=begin, ends_at=begin + HOUR), amount, amount)
        for begin, amount in spent.items()
    ]
    with bot.db.transaction() as tx:
        ledger.add(tx, source, rows)


Write = Callable[[str, Spent], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Spend as a file: `%Y-%m-%d` for days."""

    def to_file(form: str, spent: Spent) -> Path:
        path = tmp_path / "spend.csv"
        lines = [
            f"{begin.astimezone(NEW_YORK).strftime(form)},{amount / 1_000_000:.2f}"
            for begin, amount in spent.items()
        ]
        path.write_text("\n".join(["at,cost_usd", *lines]))
        return path

    return to_file


def days(*amounts: int, first: date = date(2026, 11, 1)) -> dict[datetime, Micros]:
    """Dollars of days in a row."""
    return {at(f"{first + n * DAY} 00:00"): micros(amount) for n, amount in enumerate(amounts)}


def figures(found: Forecasted) -> tuple[object, ...]:
    """All that a forecast says."""
    ahead = found.outlook.forecast
    return (
        ahead.period,
        ahead.as_of,
        ahead.spent,
        ahead.p50,
        ahead.p80,
        ahead.confidence,
        found.outlook.runway,
        found.limit,
    )


def test_by_hand(bot: Bot) -> None:
    """Nine days at $24 and 20 more to come make $696, and $492 are gone at noon of the 22nd."""
    charge(bot, "company", hours("2026-11-02 00:00", "2026-11-06 00:00"))
    charge(bot, "search", hours("2026-11-06 00:00", "2026-11-11 00:00"))
    company, search, weekly = of_ledger(bot, at("2026-11-11 00:00"))
    ahead = company.outlook.forecast

    assert ["company", "search", "weekly"] == [b.budget.id for b in (company, search, weekly)]
    assert (micros(9 * 24), micros(29 * 24)) == (ahead.spent, ahead.p50)
    assert at("2026-11-22 12:00") == company.outlook.runway.p50
    assert Confidence.LOW is ahead.confidence
    assert micros(120) == search.outlook.forecast.spent
    assert micros(0) == weekly.outlook.forecast.spent


def test_what_came_later_was_not_known(bot: Bot) -> None:
    """A charge that begins at the moment or after it changes nothing that is said about it."""
    charge(bot, "search", hours("2026-10-01 00:00", "2026-11-11 07:00"))
    moment = at("2026-11-11 07:00")
    (before,) = of_ledger(bot, moment, SEARCH.id)
    charge(bot, "search", hours("2026-11-11 07:00", "2026-11-20 00:00", 500))

    assert [figures(before)] == [figures(one) for one in of_ledger(bot, moment, SEARCH.id)]
    assert figures(before) != figures(of_ledger(bot, moment + HOUR, SEARCH.id)[0])


def test_as_of_the_figures(bot: Bot) -> None:
    """A budget is forecast from where the figures end, because silence since then is no saving."""
    charge(bot, "search", hours("2026-10-01 00:00", "2026-11-10 12:00"), source="anthropic")
    with bot.db.transaction() as tx:
        end = at("2026-11-10 12:00")
        sources.save(tx, SourceState(name="anthropic", ok_at=end, refreshed_at=end))
    (found,) = of_ledger(bot, at("2026-11-10 18:00"), SEARCH.id)

    assert at("2026-11-10 12:00") == found.outlook.forecast.as_of
    p50 = found.outlook.forecast.p50
    assert p50 is not None
    assert abs(p50 - micros(30 * 24 + 1)) <= micros(1)


def test_nobodys(bot: Bot) -> None:
    """What was charged to a budget that has left the policy counts as unattributed."""
    charge(bot, "gone", hours("2026-11-01 00:00", "2026-11-11 00:00"))
    charge(bot, "unattributed", hours("2026-11-01 00:00", "2026-11-11 00:00"))
    (found,) = of_ledger(bot, at("2026-11-11 00:00"), UNATTRIBUTED)

    assert (micros(482), None) == (found.outlook.forecast.spent, found.limit)
    assert micros(482 + 20 * 48) == found.outlook.forecast.p50


@pytest.mark.parametrize("moment", ["2026-11-11 00:00", "2026-11-11 15:00", "2026-11-01 02:00"])
def test_a_file_says_the_same(bot: Bot, write: Write, moment: str) -> None:
    """The same hours in a file and in the ledger are the same forecast, to the micro-dollar."""
    random = Random(7)  # noqa: S311 not for secrets
    spent = {
        begin: Micros(random.randrange(1, 900) * 10_000)
        for begin in hours("2026-09-20 00:00", "2026-11-20 00:00")
    }
    charge(bot, "search", spent)
    path = write("%Y-%m-%dT%H:%M%z", spent)
    file = of_file(POLICY, path, at(moment), at("2026-12-24 00:00"), SEARCH.id)
    (found,) = of_ledger(bot, at(moment), SEARCH.id)

    assert figures(found) == figures(file)


def test_a_file_of_days(write: Write) -> None:
    """A day counts when it is over: at noon nothing of it is known, and the forecast is as of midnight."""
    path = write("%Y-%m-%d", days(24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 5000))
    found = of_file(POLICY, path, at("2026-11-11 12:00"), at("2026-12-24 00:00"), COMPANY.id)
    ahead = found.outlook.forecast

    assert (at("2026-11-11 12:00"), at("2026-11-11 00:00")) == (found.at, ahead.as_of)
    assert (micros(240), micros(720)) == (ahead.spent, ahead.p50)
    assert at("2026-11-21 12:00") == found.outlook.runway.p50


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-12-24 00:00", "2026-11-11 00:00"), ("2026-11-08 00:00", "2026-11-08 00:00")],
)
def test_a_file_without_a_moment(write: Write, now: str, expected: str) -> None:
    """The moment is the one at which the file ends, and never later than now."""
    path = write("%Y-%m-%d", days(*[24] * 10))
    found = of_file(POLICY, path, None, at(now), COMPANY.id)

    assert (at(expected), at(expected)) == (found.at, found.outlook.forecast.as_of)


@pytest.mark.parametrize(
    ("budget", "first_day", "zone", "limit"),
    [
        (None, date(2026, 11, 1), NEW_YORK, None),
        (COMPANY, date(2026, 11, 1), NEW_YORK, micros(492)),
        (WEEKLY, date(2026, 11, 9), BERLIN, micros(100)),
    ],
)
def test_whose_rules(
    write: Write, budget: Budget | None, first_day: date, zone: ZoneInfo, limit: Micros | None
) -> None:
    """Period, time zone and limit are the budget's; without one they are the policy's, and no limit."""
    path = write("%Y-%m-%d", days(*[24] * 10))
    moment = at("2026-11-11 12:00")
    found = of_file(POLICY, path, moment, moment, budget.id if budget else None)
    ahead = found.outlook.forecast

    assert (first_day, limit) == (ahead.period.first_day, found.limit)
    assert at("2026-11-11 00:00", zone) == ahead.as_of
    assert (limit is None) is (found.outlook.runway.p50 is None)


def test_too_little_history(write: Write) -> None:
    """Two days say nothing about a month: there is what was spent, and no figure of what is to come."""
    path = write("%Y-%m-%d", days(24, 24))
    found = of_file(POLICY, path, None, at("2026-12-24 00:00"), COMPANY.id)
    ahead = found.outlook.forecast

    assert (micros(48), None, None) == (ahead.spent, ahead.p50, ahead.p80)
    assert Confidence.NONE is ahead.confidence
    assert found.outlook.runway.p50 is None


def test_before_the_file_begins(write: Write) -> None:
    """At a moment before everything in the file nothing is known, which is no error."""
    path = write("%Y-%m-%d", days(*[24] * 10))
    found = of_file(POLICY, path, at("2026-10-01 00:00"), at("2026-12-24 00:00"))

    assert (micros(0), None) == (found.outlook.forecast.spent, found.outlook.forecast.p50)


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(UserError, match=r"gone\.csv: cannot be read: No such file"):
        of_file(POLICY, tmp_path / "gone.csv", None, utc_now())
