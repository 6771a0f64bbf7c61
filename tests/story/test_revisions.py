"""The provider changes what a month that is over had cost: whoever closed the books hears of it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.money import micros
from bot.domain.policy import Basis
from bot.flows import records
from bot.flows.history import Pace, read_step_back
from store import ledger
from tests.story.town import POLICY, Town, at, town

BY_DAY = POLICY.replace("    limit: 300\n", "    limit: 300\n    period: day\n", 1)


@pytest.fixture
def acme(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """Acme in late November; growth counts by the day."""
    with town(tmp_path, database_url, "http", at("2026-11-23 09:00"), BY_DAY) as place:
        place.usage.add_api_key("growth-prod")
        place.turn()
        yield place


def spends_on(acme: Town, moment: str, usd: str, **more: str) -> str:
    """The event, so that it can be corrected; and the poll sees it."""
    acme.clock.to(at(moment))
    event = acme.usage.spend(acme.clock(), usd, workspace="team-search", **more)  # type: ignore[arg-type]
    acme.clock.ahead(timedelta(minutes=5))
    acme.turn()
    return event


def revised(acme: Town) -> list[tuple[object, ...]]:
    """Budget, period, before and after of every revision in the record."""
    return [
        (row["subject"], *(dict(row["data"])[key] for key in ("period", "before_usd", "after_usd")))
        for row in records.audit_rows(acme.bot.bot, None, None)
        if row["kind"] == "period.revised"
    ]


def test_a_revision_of_last_month_is_in_the_digest_and_in_the_record(acme: Town) -> None:
    """Eleven days back: what the whole period cost before and costs now, once."""
    event = spends_on(acme, "2026-11-24 10:00", "60")
    spends_on(acme, "2026-11-27 10:00", "20")
    acme.goes_to("2026-12-05 09:00")
    assert [] == revised(acme)
    acme.usage.revise(event, usd="85")
    acme.goes_to("2026-12-05 16:00")
    acme.goes_to("2026-12-06 00:00")

    assert [("search", "2026-11-01", "80.00", "105.00")] == revised(acme)
    acme.goes_to("2026-12-07 09:00")
    digest = acme.said_in("#ai-budgets")[-1]
    assert "Search ranking, period from 1 Nov 2026: +$25 after it was over" in digest
    assert 1 == digest.count("after it was over")
    acme.goes_to("2026-12-14 09:00")
    assert "after it was over" not in acme.said_in("#ai-budgets")[-1]


def test_revisions_of_several_weeks_add_up(acme: Town) -> None:
    """They are read a week at a time; each entry goes on where the one before ended."""
    early = spends_on(acme, "2026-11-23 10:00", "40")
    late = spends_on(acme, "2026-11-30 10:00", "20")
    acme.goes_to("2026-12-05 09:00")
    acme.usage.revise(early, usd="50")
    acme.usage.revise(late, usd="15")
    acme.goes_to("2026-12-05 16:00")

    assert [
        ("search", "2026-11-01", "60.00", "70.00"),
        ("search", "2026-11-01", "70.00", "65.00"),
    ] == revised(acme)
    acme.goes_to("2026-12-07 09:00")
    assert "period from 1 Nov 2026: +$5 after it was over" in acme.said_in("#ai-budgets")[-1]


def test_what_was_put_back_is_no_news(acme: Town) -> None:
    """The record has both; the digest tells what changed."""
    event = spends_on(acme, "2026-11-24 10:00", "60")
    acme.goes_to("2026-12-05 09:00")
    for usd, moment in (("85", "2026-12-05 16:00"), ("60", "2026-12-05 23:00")):
        acme.usage.revise(event, usd=usd)
        acme.goes_to(moment)
    acme.goes_to("2026-12-07 09:00")

    assert 2 == len(revised(acme))
    assert "after it was over" not in acme.said_in("#ai-budgets")[-1]


def test_late_figures_of_the_last_days_are_no_revision(acme: Town) -> None:
    """For three days after its end a month is still being billed; later it is news."""
    acme.clock.to(at("2026-11-30 20:00"))
    for usd, shown in (("30", "2026-12-02 10:00"), ("7", "2026-12-04 10:00")):
        acme.usage.spend(
            acme.clock(), usd, workspace="team-search", visible_at=at(shown), model=f"model-{usd}"
        )
    acme.turn()
    acme.goes_to("2026-12-02 12:00")
    acme.goes_to("2026-12-02 19:00")
    assert [] == revised(acme)
    acme.goes_to("2026-12-04 12:00")
    acme.goes_to("2026-12-04 19:00")

    assert [("search", "2026-11-01", "30.00", "37.00")] == revised(acme)


def test_each_budget_counts_its_own_periods(acme: Town) -> None:
    """For a budget by the day, last week's Tuesday is over; for one by the month it is not."""
    event = spends_on(acme, "2026-11-24 10:00", "60")
    daily = acme.usage.spend(acme.clock(), "10", workspace="x", api_key="growth-prod")
    acme.goes_to("2026-11-24 11:00")
    acme.goes_to("2026-11-29 09:00")
    acme.usage.revise(event, usd="61")
    acme.usage.revise(daily, usd="12")
    acme.goes_to("2026-11-29 16:00")

    assert [("growth", "2026-11-24", "10.00", "12.00")] == revised(acme)


def test_what_is_read_for_the_first_time_revises_nothing(tmp_path: Path, database_url: str) -> None:
    """Neither the first poll, with days that are over, nor the history that is read after it."""
    with town(tmp_path, database_url, "http", at("2026-12-09 09:00"), BY_DAY) as acme:
        for moment in ("2026-11-02 10:00", "2026-11-20 10:00", "2026-12-02 10:00"):
            acme.usage.spend(at(moment), "30", workspace="team-search")
            acme.usage.spend(at(moment), "10", workspace="x", api_key="growth-prod")
        acme.turn()
        bot, source, pace = acme.bot.bot, acme.bot.bot.policy.sources[0], Pace()
        while read_step_back(bot, source, pace, acme.clock()) is not None:
            pass

        assert [] == revised(acme)
        with bot.db.transaction() as tx:
            spent = ledger.spend(tx, at("2026-11-01 00:00"), acme.clock(), Basis.NET)
        assert {"search": micros("90"), "growth": micros("30")} == spent
