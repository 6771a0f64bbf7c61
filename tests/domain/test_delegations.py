"""Delegations as they are typed: a person, `until`, and a day that is meant."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.delegations import Wanted, ends_at, parse, parse_day, refusal
from bot.domain.errors import UserError
from bot.domain.people import Person
from tests.domain.values import NEW_YORK

TODAY = date(2026, 11, 25)  # a Wednesday
LEE = Person("U0LEE", "Lee", "lee@example.com", "T0ACME")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("friday", date(2026, 11, 27)),
        (" FRI ", date(2026, 11, 27)),
        ("tuesday", date(2026, 12, 1)),
        ("wednesday", date(2026, 12, 2)),  # never today: a week is meant
        ("today", TODAY),
        ("tomorrow", date(2026, 11, 26)),
        ("2026-12-04", date(2026, 12, 4)),
        ("2026-11-25", TODAY),
    ],
)
def test_days_are_read(text: str, day: date) -> None:
    """A weekday is the next one."""
    assert day == parse_day(text, TODAY)


@given(st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.sampled_from(["mon", "sunday", "thu"]))
def test_a_weekday_is_within_a_week_and_to_come(today: date, name: str) -> None:
    """And it is that weekday."""
    day = parse_day(name, today)

    assert timedelta(days=1) <= day - today <= timedelta(days=7)
    assert f"{day:%A}".lower().startswith(name)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Choose a person"),
        ("lee until friday", "Choose a person"),
        ("@lee until friday", "Choose a person"),
        ("<#C0LEE> until friday", "Choose a person"),
        ("<@U0LEE|lee>", "Until when?"),
        ("<@U0LEE|lee> friday", "Until when?"),
        ("<@U0LEE|lee> until", "Until when?"),
        ("<@U0LEE|lee> until soon", "no day that I know"),
        ("<@U0LEE|lee> until 2026-13-01", "no day that I know"),
        ("<@U0LEE|lee> until 04.12.2026", "no day that I know"),
        ("<@U0LEE|lee> until 2026-11-24", "That day is over"),
        ("<@U0LEE|lee> until 2028-01-01", "more than a year"),
    ],
)
def test_what_is_missing_is_told(text: str, why: str) -> None:
    """With how it is written."""
    with pytest.raises(UserError, match=why):
        parse(text, TODAY)


@pytest.mark.parametrize("mention", ["<@U0LEE|lee>", "<@U0LEE>", "<@U0LEE|>"])
def test_a_mention_is_read(mention: str) -> None:
    """With and without the name that Slack adds."""
    assert Wanted("U0LEE", date(2026, 11, 27)) == parse(f" {mention}  until Friday ", TODAY)


def test_the_last_day_counts_to_its_end() -> None:
    """On local clocks, in winter as in summer."""
    assert datetime(2026, 11, 28, 5, tzinfo=UTC) == ends_at(date(2026, 11, 27), NEW_YORK)
    assert datetime(2026, 7, 4, 4, tzinfo=UTC) == ends_at(date(2026, 7, 3), NEW_YORK)


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (LEE, None),
        (Person("U0DANA", "Dana"), "You get your alerts already; choose somebody else."),
        (Person("U0LEE", "Lee", deleted=True), "That account is deactivated."),
        (Person("U0BOT", "Bot", is_bot=True), "A bot cannot act on alerts."),
        (Person("U0SAM", "Sam", stranger=True), "Only members of this workspace can get alerts."),
        (Person("U0SAM", "Sam", team_id="T0X"), "Only members of this workspace can get alerts."),
        (Person("U0GUS", "Gus", guest=True), "A guest cannot get alerts."),
    ],
)
def test_who_can_stand_in(person: Person, why: str | None) -> None:
    """A member of the workspace who is somebody else."""
    assert why == refusal(person, "U0DANA", "T0ACME")
