"""The bot comes in the middle of a month, and three months of spend were there before it."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bot.domain.policy import Basis
from bot.domain.usage import Tokens
from bot.flows import records
from bot.flows.importing import import_file
from bot.schedule import jobs, run
from store import ledger, sources
from tests.story.town import POLICY, Town, at, town

HALF_A_MINUTE = timedelta(seconds=30)


def turns(acme: Town, count: int) -> None:
    """The schedule itself, half a minute after half a minute."""
    bot = acme.bot.bot
    planned = jobs(bot.policy)
    for _ in range(count):
        acme.clock.ahead(HALF_A_MINUTE)
        for job in planned:
            run(bot, job)
    acme.settles()


def spent(acme: Town, since: str, until: str) -> Decimal:
    """By everybody."""
    with acme.bot.bot.db.transaction() as tx:
        by_budget = ledger.spend(tx, at(since), at(until), Basis.NET)
    return Decimal(sum(by_budget.values())) / 1_000_000


def test_history_comes_in_by_itself_and_wakes_nobody(tmp_path: Path, database_url: str) -> None:
    """A chunk every half minute; months that were over their limit are over, and nobody is told."""
    with town(tmp_path, database_url, "http", at("2026-11-17 09:00")) as acme:
        for month, day in ((8, 20), (8, 31), (9, 1), (9, 15), (10, 1), (10, 31)):
            moment = at(f"2026-{month:02}-{day:02} 23:30")
            acme.usage.spend(moment, "150", workspace="team-search")
        acme.usage.spend(at("2026-11-16 12:00"), "20", workspace="team-search")
        turns(acme, 1)
        assert Decimal(20) == spent(acme, "2026-11-01 00:00", "2026-12-01 00:00")
        turns(acme, 15)

        with acme.bot.bot.db.transaction() as tx:
            assert at("2026-08-17 00:00") == sources.load(tx, "anthropic").covered_from
        for month in (8, 9, 10):
            first, after = f"2026-{month:02}-01 00:00", f"2026-{month + 1:02}-01 00:00"
            assert Decimal(300) == spent(acme, first, after)
        assert Decimal(20) == spent(acme, "2026-11-01 00:00", "2026-12-01 00:00")
        assert [[]] * 5 == [acme.said_to(name) for name in ("dana", "lee", "fin", "pat", "ops")]
        assert [] == acme.said_in("#ai-budget-ops")
        kinds = {row["kind"] for row in records.audit_rows(acme.bot.bot, None, None)}
        assert not kinds & {"alert.fired", "period.revised"}
        assert Decimal(100) == acme.limit_at_gateway()

        acme.spends("40")
        acme.clock.ahead(timedelta(hours=1))
        turns(acme, 2)
        (told,) = acme.said_to("dana")
        assert "Search ranking has spent $60 of $100" in told


def test_a_late_revision_reaches_the_budget(tmp_path: Path, database_url: str) -> None:
    """A correction of the first days of the month fires what it has to, though no poll looks there."""
    with town(tmp_path, database_url, "http", at("2026-11-17 09:00")) as acme:
        event = acme.usage.spend(at("2026-11-02 12:00"), "20", workspace="team-search")
        acme.turn()
        acme.usage.revise(event, usd="85")
        acme.goes_to("2026-11-17 14:00")
        assert [] == acme.said_to("dana")
        acme.goes_to("2026-11-17 15:30")
        acme.goes_to("2026-11-17 15:31")

        (told,) = acme.said_to("dana")
        assert told.startswith("respond: Search ranking has spent $85 of $100")


def test_a_file_that_was_imported_first_is_not_counted_again(
    tmp_path: Path, database_url: str
) -> None:
    """Who imports the month so far and then starts the bot has each dollar once; the rest is read."""
    with town(tmp_path, database_url, "http", at("2026-11-17 09:00")) as acme:
        for day in (3, 10, 16):
            acme.usage.spend(at(f"2026-11-{day:02} 12:00"), "10", workspace="team-search")
        file = tmp_path / "month.csv"
        file.write_text(
            "at,cost_usd,workspace\n"
            "2026-11-03T12:00:00-05:00,10,team-search\n2026-11-10T12:00:00-05:00,10,team-search\n"
        )
        import_file(acme.bot.bot, file, acme.clock())
        for _ in range(3):
            acme.turn()
            acme.clock.ahead(timedelta(minutes=1))

        assert Decimal(30) == spent(acme, "2026-11-01 00:00", "2026-12-01 00:00")


def test_a_source_of_whole_days_leaves_the_imported_hours_of_a_day_alone(
    tmp_path: Path, database_url: str
) -> None:
    """It answers for all of the day in which the file ends; the file's hours count once all the same."""
    report = f"{POLICY}sources:\n  - {{kind: usage_report, every: 1m}}\n"
    with town(tmp_path, database_url, "http", at("2026-11-17 09:00"), report) as acme:
        tokens = Tokens(uncached_input=1_000_000)
        for moment in ("2026-11-15 12:00", "2026-11-16 10:00", "2026-11-16 15:00"):
            acme.usage.spend(at(moment), "4", workspace="team-search", tokens=tokens)
        file = tmp_path / "month.csv"
        file.write_text(
            "at,cost_usd,workspace\n"
            "2026-11-15T12:00:00-05:00,4,team-search\n2026-11-16T10:00:00-05:00,4,team-search\n"
        )
        import_file(acme.bot.bot, file, acme.clock())
        for _ in range(3):
            acme.turn()
            acme.clock.ahead(timedelta(minutes=1))

        assert Decimal(12) == spent(acme, "2026-11-01 00:00", "2026-12-01 00:00")
