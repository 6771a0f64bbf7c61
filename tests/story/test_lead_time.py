"""Thresholds that leave time to act: a budget is told by the days its owner needs, not by a per cent."""

from datetime import date, timedelta
from pathlib import Path

import pytest

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
    limit: %LIMIT%
    lead_time: 3 working days
    at_limit: block
    overage: {max_percent: 50}
    match: [{workspace: team-search}]
"""


def policy(limit: int) -> str:
    """Search's month, with a limit."""
    return POLICY.replace("%LIMIT%", str(limit))


def spends_on_working_days(acme: Town, first: str, last: str, usd: str) -> None:
    """So much at 10, 12, 14 and 16 o'clock together, Monday to Friday but for Thanksgiving."""
    day, end = date.fromisoformat(first), date.fromisoformat(last)
    while day <= end:
        if day.weekday() < 5 and day != date(2026, 11, 26):
            for hour in (10, 12, 14, 16):
                part = f"{float(usd) / 4:.2f}"
                acme.usage.spend(at(f"{day} {hour:02}:30"), part, workspace="team-search")
        day += timedelta(days=1)


def stages(acme: Town) -> list[str]:
    """How each DM to Dana begins."""
    return [text.split(":")[0] for text in acme.said_to("dana")]


def hours(acme: Town, first: str, last: str, every: int = 6) -> None:
    """The bot looks several times a day."""
    moment, end = at(first), at(last)
    while moment <= end:
        acme.goes_to(moment)
        moment += timedelta(hours=every)


def test_a_holiday_weekend_costs_nothing_and_alarms_nobody(
    tmp_path: Path, database_url: str
) -> None:
    """With Thanksgiving counted as free, what is left of November fits; on plain weekdays it would not."""
    with town(tmp_path, database_url, "http", at("2026-11-24 18:00"), policy(410)) as acme:
        spends_on_working_days(acme, "2026-10-26", "2026-11-30", "20")
        hours(acme, "2026-11-24 18:00", "2026-11-30 18:00")

        # $400 in 20 working days: half and four fifths of the limit were passed, no more
        assert ["respond"] == stages(acme)[:1]
        assert "intervene" not in stages(acme)[:1]
        assert "exhausted" not in stages(acme)


def test_a_budget_that_burns_faster_is_told_two_lead_times_ahead(
    tmp_path: Path, database_url: str
) -> None:
    """Long before four fifths: the runway says so, twice, and the message says what it means."""
    with town(tmp_path, database_url, "http", at("2026-11-13 18:00"), policy(600)) as acme:
        spends_on_working_days(acme, "2026-10-19", "2026-11-13", "20")
        hours(acme, "2026-11-13 18:00", "2026-11-13 20:00", every=2)
        assert [] == stages(acme)

        spends_on_working_days(acme, "2026-11-16", "2026-11-27", "60")
        hours(acme, "2026-11-16 09:00", "2026-11-20 09:00", every=3)
        told = acme.said_to("dana")
        assert "respond" in stages(acme)
        first = next(text for text in told if text.startswith("respond"))
        assert "your lead time of 3 working days" in first
        assert "Forecast for the period" in first
        assert "What drove it" in first
        spent = int(first.split("$")[1].split(" ")[0].replace(",", ""))
        assert spent < 480  # four fifths


def test_a_quiet_budget_stays_quiet(tmp_path: Path, database_url: str) -> None:
    """A year of the same small spend on working days: not one message."""
    with town(tmp_path, database_url, "http", at("2026-01-02 18:00"), policy(1000)) as acme:
        spends_on_working_days(acme, "2026-01-02", "2026-12-31", "15")
        moment = at("2026-01-02 18:00")
        while moment < at("2026-12-31 18:00"):
            acme.goes_to(moment)
            moment += timedelta(days=3, hours=5)

        assert [] == acme.said_to("dana")


def test_a_loop_that_runs_away_at_night_is_told_within_the_hour(
    tmp_path: Path, database_url: str
) -> None:
    """At 03:00 nothing is usual: the owner is woken at a fifth of the limit, once, and not again that day."""
    with town(tmp_path, database_url, "http", at("2026-11-18 18:00"), policy(1000)) as acme:
        spends_on_working_days(acme, "2026-10-19", "2026-11-18", "8")
        hours(acme, "2026-11-18 18:00", "2026-11-19 02:00", every=4)
        assert [] == stages(acme)

        for minute in range(0, 120, 10):
            acme.clock.to(at("2026-11-19 02:10") + timedelta(minutes=minute))
            acme.spends("8")
            acme.turn()
        told = acme.said_to("dana")
        assert ["intervene"] == [s for s in stages(acme) if s in ("respond", "intervene")]
        assert "Far faster than usual" in told[0]
        assert "where next to nothing is usual" in told[0]
        assert acme.clock() < at("2026-11-19 05:00")


def test_a_raise_arms_the_time_again(tmp_path: Path, database_url: str) -> None:
    """With more room nothing is due; when that runs short, the owner is told by the new limit."""
    with town(tmp_path, database_url, "http", at("2026-11-16 18:00"), policy(400)) as acme:
        spends_on_working_days(acme, "2026-10-19", "2026-11-30", "20")
        hours(acme, "2026-11-16 18:00", "2026-11-23 18:00", every=6)
        before = stages(acme)
        acme.person("dana").types("/budget request search 200 launch week")
        acme.settles()
        acme.person("fin").presses("request:approve", acme.last_dm("fin"))
        acme.settles()
        hours(acme, "2026-11-24 00:00", "2026-11-30 18:00", every=6)

        assert "respond" in before
        assert "look" in stages(acme)[len(before) :]
        assert "exhausted" not in stages(acme)
