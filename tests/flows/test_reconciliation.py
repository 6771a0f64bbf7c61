"""The ledger against what the source sums itself, and estimates against their bill: told once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path

import pytest

from bot.domain.money import micros
from bot.domain.money import usd as usd_of
from bot.domain.usage import Tokens, Window
from bot.flows import records
from bot.flows.reconciliation import reconcile
from bot.intake.second_pass import read_again
from store import day_checks, ledger
from store.day_checks import DayCheck
from tests.faults.bench import POLICY, Bench, bench

BEGINS = "2026-11-20 10:30"
OLDER = f"{POLICY}sources:\n  - {{kind: usage_report}}\n"
DAY = timedelta(days=1)
MANY = Tokens(uncached_input=4_000_000, output=400_000)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Acme after a week of $50 a day."""
    with bench(tmp_path, database_url, POLICY, BEGINS) as place:
        for days in range(1, 9):
            place.usage.spend(place.clock() - days * DAY, "50", workspace="team-search")
        place.turn()
        yield place


def compare(acme: Bench) -> list[DayCheck]:
    """The job, and what it has to say is said."""
    found = reconcile(acme.bot, acme.clock())
    acme.deliver()
    return found


def told(acme: Bench) -> list[str]:
    """What the operators were told so far."""
    return acme.town.said_in("#ai-budget-ops")


def audited(acme: Bench, kind: str) -> list[dict[str, object]]:
    """What the record has of a kind."""
    rows = list(records.audit_rows(acme.bot, None, None))
    found = [dict(row["data"]) for row in rows if row["kind"] == kind]
    assert all(data.pop("policy_version") == acme.bot.policy.version for data in found)
    return found


def half_a_day(acme: Bench) -> None:
    """And the poll goes on."""
    acme.later(hours=12)
    acme.turn()


def revise(acme: Bench, days: int, usd: str) -> date:
    """The provider corrects a day that the poll has stopped looking at."""
    moment = (acme.clock() - days * DAY).astimezone(UTC).date()
    (event,) = [e for e in acme.usage.events.values() if e.at.date() == moment]
    acme.usage.revise(event.id, usd=usd)
    return moment


def test_what_agrees_is_not_worth_a_word(acme: Bench) -> None:
    """Every whole day of the last week, each with the same sum on both sides, twice a day."""
    first = compare(acme)
    assert [micros("50")] * 7 == [check.ledger for check in first]
    assert [micros("50")] * 7 == [check.total for check in first]
    acme.later(hours=11)
    assert [] == compare(acme)
    half_a_day(acme)
    assert [] != compare(acme)

    assert [] == told(acme)


def test_drift_is_told_when_two_looks_have_found_it(acme: Bench) -> None:
    """Once, with both sums and the remedy; when it is healed, the all-clear comes once."""
    day = revise(acme, 4, "80")
    compare(acme)
    assert [] == told(acme)
    for _ in range(3):
        half_a_day(acme)
        compare(acme)

    (drift,) = told(acme)
    assert f"says $80 for {day:%-d %b %Y} (UTC), the ledger holds $50" in drift
    assert f"budget-bot backfill --since {day}" in drift
    assert [{"day": day.isoformat(), "ledger_usd": "50.00", "source_usd": "80.00"}] == audited(
        acme, "source.drift"
    )

    read_again(acme.bot, acme.bot.policy.sources[0], acme.clock(), lambda _: None)
    for _ in range(2):
        half_a_day(acme)
        compare(acme)
    assert [drift] == told(acme)[:1]
    (_, clear) = told(acme)
    assert f"agrees again with what the usage source “anthropic” says for {day:%-d %b %Y}" in clear


def test_what_heals_between_two_looks_is_not_told(acme: Bench) -> None:
    """The second pass was quicker."""
    revise(acme, 4, "80")
    compare(acme)
    read_again(acme.bot, acme.bot.policy.sources[0], acme.clock(), lambda _: None)
    half_a_day(acme)
    compare(acme)

    assert [] == told(acme)


def test_a_few_cents_are_no_drift(acme: Bench) -> None:
    """Half a per cent, or a dollar, is what late figures are worth."""
    revise(acme, 4, "50.90")
    for _ in range(3):
        compare(acme)
        half_a_day(acme)

    assert [] == told(acme)


def test_list_prices_are_compared_with_list_prices(tmp_path: Path, database_url: str) -> None:
    """Where the policy counts them, a discount is no drift."""
    listed = POLICY.replace("organization:", "basis: list\norganization:", 1)
    with bench(tmp_path, database_url, listed, BEGINS) as acme:
        acme.usage.spend(acme.clock() - 2 * DAY, "50", "80", workspace="team-search")
        acme.turn()
        found = [compare(acme)]
        half_a_day(acme)
        found.append(compare(acme))

        assert [[(micros("80"), micros("80"))]] * 2 == [
            [(c.ledger, c.total) for c in checks if c.ledger or c.total] for checks in found
        ]
        assert [] == told(acme)


def test_a_day_that_the_source_does_not_know_yet_is_not_compared(
    tmp_path: Path, database_url: str
) -> None:
    """The older cost report is days behind: until then there is nothing to compare with."""
    with bench(tmp_path, database_url, OLDER, BEGINS) as acme:
        acme.usage.cost_lag = 3 * DAY
        for days in range(1, 7):
            at = acme.clock() - days * DAY
            acme.usage.spend(at, "50", workspace="team-search", tokens=MANY)
        acme.turn()
        first = [check.day for check in compare(acme)]
        half_a_day(acme)
        second = [check.day for check in compare(acme)]

        assert (date(2026, 11, 16), date(2026, 11, 17)) == (max(first), max(second))
        assert [] == told(acme)


def test_what_is_on_no_bill_is_not_compared(tmp_path: Path, database_url: str) -> None:
    """Priority Tier is estimated for good, and in no total of the source."""
    with bench(tmp_path, database_url, OLDER, BEGINS) as acme:
        at = acme.clock() - 3 * DAY
        acme.usage.spend(at, "50", workspace="team-search", tokens=MANY)
        tier: dict[str, str | None] = {"service_tier": "priority"}
        acme.usage.spend(at, "0", workspace="team-search", tokens=MANY, dimensions=tier)
        acme.turn()
        (spent,) = {c.ledger for c in compare(acme) if c.ledger}
        half_a_day(acme)
        compare(acme)

        assert micros("50") == spent
        assert [] == told(acme)


def test_nothing_is_compared_while_a_source_is_blind(acme: Bench) -> None:
    """It has enough to tell."""
    revise(acme, 4, "80")
    compare(acme)
    acme.usage.faults.add("error", times=None, status=403, type="permission_error")
    half_a_day(acme)
    before = told(acme)

    assert [] == compare(acme)
    assert before == told(acme)


def estimated_then_billed(acme: Bench, usd: str | None) -> None:
    """Tokens are estimated; then they are billed, or (None) they are on no bill."""
    acme.usage.refresh_lag = timedelta(hours=4)
    event = acme.usage.spend(acme.clock(), "1", workspace="team-search", tokens=MANY)
    acme.later(hours=2)
    acme.turn()
    assert (0, 0) == (checked(acme).estimated, checked(acme).billed)
    if usd is None:
        del acme.usage.events[event]
    else:
        acme.usage.revise(event, usd=as_estimated(acme) if usd == "as estimated" else usd)
    acme.later(hours=6)
    acme.turn()


def as_estimated(acme: Bench) -> str:
    """What the tokens were thought to cost."""
    with acme.bot.db.transaction() as tx:
        rows = ledger.hours(
            tx, "anthropic", Window(acme.clock() - DAY, acme.clock()), acme.bot.policy.basis
        )
    (amount,) = [total for total, estimated in rows.values() if estimated]
    return usd_of(amount)


def checked(acme: Bench) -> DayCheck:
    """What is known of the day the tokens are from."""
    with acme.bot.db.transaction() as tx:
        return day_checks.load(tx, "anthropic", date(2026, 11, 20))


@pytest.mark.parametrize("usd", ["5", None], ids=["billed at less", "not on the bill"])
def test_an_estimate_that_missed_is_told_once(acme: Bench, usd: str | None) -> None:
    """When the bill of the whole day is there, with both sums."""
    estimated_then_billed(acme, usd)
    check = checked(acme)
    assert check.estimated > micros("10")
    assert micros(usd or "0") == check.billed
    for _ in range(8):
        half_a_day(acme)
        compare(acme)

    (missed,) = told(acme)
    assert "The estimate of 20 Nov 2026 (UTC) from “anthropic” was" in missed
    assert 1 == len(audited(acme, "source.estimate_missed"))


def test_an_estimate_that_was_right_is_not_told(acme: Bench) -> None:
    """Both sums are kept, and are the same."""
    estimated_then_billed(acme, "as estimated")
    assert 0 < checked(acme).estimated == checked(acme).billed
    for _ in range(6):
        half_a_day(acme)
        compare(acme)

    assert [] == told(acme)


def test_a_bill_that_comes_while_days_are_compared_is_kept(acme: Bench) -> None:
    """Whoever compares has read the day before, and writes only what was compared."""
    day = date(2026, 11, 19)
    with acme.bot.db.transaction() as tx:
        before = day_checks.load(tx, "anthropic", day)
        day_checks.add_billed(tx, "anthropic", day, micros("8"), micros("9"))
        day_checks.save(tx, [replace(before, ledger=micros("50"), checked_at=acme.clock())])
        after = day_checks.load(tx, "anthropic", day)

    assert (micros("8"), micros("9"), micros("50")) == (after.estimated, after.billed, after.ledger)
