"""A share that says nothing: a team whose rhythm is known is told when it will go over, not before."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.flows import records
from bot.flows.backfilling import backfill
from store import watching
from tests.story.town import Town, at, town

# The month of test_month, and the races, go through both databases; what is told is the same.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

POLICY = """\
organization:
  name: Acme
  timezone: America/New_York
  holidays: [2026-11-26]
  channels: {digest: "#ai-budgets", approvals: "#ai-approvals", operators: "#ai-budget-ops"}
sources: [{kind: anthropic, revised_for: 48h}]  # nothing is revised in these stories
approvers:
  finance: {people: [fin@example.com]}
unattributed: {owner: ops@example.com}
budgets:
  - id: search
    name: Search ranking
    owner: dana@example.com
    limit: 460
    lead_time: 3 working days
    at_limit: block
    match: [{workspace: team-search}]
"""
SWITCHED_OFF = POLICY.replace("at_limit:", "thresholds: {trust_forecast_after: off}\n    at_limit:")


def works(acme: Town, first: str, last: str, usd: int) -> None:
    """So much on every working day from 10 to 16 o'clock."""
    day, end = date.fromisoformat(first), date.fromisoformat(last)
    while day <= end:
        if day.weekday() < 5 and day != date(2026, 11, 26):
            for hour in (10, 12, 14, 16):
                spent = f"{usd / 4:.2f}"
                acme.usage.spend(at(f"{day} {hour:02}:30"), spent, workspace="team-search")
        day += timedelta(days=1)


def reads_its_past(acme: Town) -> None:
    """Ninety days, as the bot does by itself in its first minutes."""
    bot = acme.bot.bot
    acme.turn()
    done = backfill(bot, bot.policy.sources[0], None, acme.clock(), sleep=lambda _seconds: None)
    assert done.error is None


def goes_on(acme: Town, first: str, last: str) -> None:
    """The bot looks several times a day."""
    moment = at(first)
    while moment <= at(last):
        acme.goes_to(moment)
        moment += timedelta(hours=6)


def stages(acme: Town) -> list[str]:
    """What fired, in order."""
    rows = list(records.audit_rows(acme.bot.bot, None, None))
    return [row["data"]["stage"] for row in rows if row["kind"] == "alert.fired"]


def is_due(acme: Town, minutes: int) -> bool:
    """Whether a tick would look at the team by then, with nothing spent meanwhile."""
    with acme.bot.bot.db.transaction() as tx:
        return "search" in watching.due(tx, acme.clock() + timedelta(minutes=minutes))


def test_four_fifths_near_the_end_wake_nobody(tmp_path: Path, database_url: str) -> None:
    """$20 on every working day for two months: 82 % on the 28th, $400 of $460 at the end."""
    with town(tmp_path, database_url, "http", at("2026-11-11 18:00"), POLICY) as acme:
        works(acme, "2026-09-11", "2026-11-30", 20)
        reads_its_past(acme)
        goes_on(acme, "2026-11-11 18:00", "2026-11-28 12:00")

        assert [] == stages(acme)
        assert "$380 of $460 (82 %), forecast stays below the limit, forecast $400 at the end" in (
            acme.person("dana").types("/budget status").text
        )
        assert [False, True] == [is_due(acme, minutes) for minutes in (45, 75)]

        goes_on(acme, "2026-11-28 18:00", "2026-11-30 18:00")
        assert [] == stages(acme)
        said = "\n".join(acme.said_in("#ai-budgets"))
        assert "beyond a share, but forecast stays below the limit: 1" in said
        assert [] == acme.said_to("dana")


def test_a_team_that_will_go_over_is_told(tmp_path: Path, database_url: str) -> None:
    """The same two months, and then half as much again: long before four fifths."""
    with town(tmp_path, database_url, "http", at("2026-11-11 18:00"), POLICY) as acme:
        works(acme, "2026-09-11", "2026-11-11", 20)
        works(acme, "2026-11-12", "2026-11-30", 30)
        reads_its_past(acme)
        goes_on(acme, "2026-11-11 18:00", "2026-11-20 18:00")

        assert "respond" in stages(acme)
        first = next(text for text in acme.said_to("dana") if text.startswith("respond"))
        assert int(first.split("$")[1].split(" ")[0].split(".")[0]) < 368  # four fifths


def test_a_surge_after_a_share_was_overruled_is_not_lost(tmp_path: Path, database_url: str) -> None:
    """Quiet at 82 %; on the last day ten times as much, told within the hour or so and not at the limit."""
    with town(tmp_path, database_url, "http", at("2026-11-13 18:00"), POLICY) as acme:
        works(acme, "2026-09-11", "2026-11-27", 20)
        reads_its_past(acme)
        goes_on(acme, "2026-11-13 18:00", "2026-11-30 06:00")
        assert [] == stages(acme)

        for minute in range(0, 100, 10):
            acme.clock.to(at("2026-11-30 10:00") + timedelta(minutes=minute))
            acme.spends("4")
            acme.turn()
        assert stages(acme)
        assert "exhausted" not in stages(acme)


def test_switched_off_a_share_is_told_as_before(tmp_path: Path, database_url: str) -> None:
    """The steady team again: half, and then four fifths of a limit that will hold."""
    with town(tmp_path, database_url, "http", at("2026-11-11 18:00"), SWITCHED_OFF) as acme:
        works(acme, "2026-09-11", "2026-11-30", 20)
        reads_its_past(acme)
        goes_on(acme, "2026-11-11 18:00", "2026-11-28 12:00")

        assert ["look", "respond"] == stages(acme)


def test_a_team_that_just_began_is_told_of_its_share(tmp_path: Path, database_url: str) -> None:
    """With three weeks of history nothing is overruled, however steady they were."""
    with town(tmp_path, database_url, "http", at("2026-11-20 18:00"), POLICY) as acme:
        works(acme, "2026-11-02", "2026-11-30", 20)
        goes_on(acme, "2026-11-20 18:00", "2026-11-28 12:00")

        assert ["look", "respond"] == stages(acme)
