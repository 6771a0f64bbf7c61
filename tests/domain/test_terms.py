"""What an approval may be of, and which request a click is about."""

from datetime import date, timedelta

import pytest

from bot.domain.errors import UserError
from bot.domain.money import micros
from bot.domain.overages import Terms
from bot.domain.terms import Seen, at_most, last_day, least, seen
from tests.domain.values import DAY, NEW_YORK, NOW, PERIOD
from tests.render.samples import request


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("42.2", Seen(42, 2)),
        ("42", Seen(42, 1)),
        ("", Seen(0, 1)),
        ("42.", Seen(42, 0)),
        ("42.2.3", Seen(42, 0)),
        ("²", Seen(0, 1)),
        ("-1.2", Seen(0, 2)),
        ("9999999999.1", Seen(0, 1)),
        ("1; DROP.1", Seen(0, 1)),
    ],
)
def test_a_button_names_a_request_and_a_revision(text: str, expected: Seen) -> None:
    """One of an older version is about the first revision; what nobody made is about nothing."""
    assert expected == seen(text)


def test_what_a_button_carries_is_read_again() -> None:
    """Written and read, it is the same."""
    assert Seen(42, 7) == seen(str(Seen(42, 7)))


def test_the_least_of_all_approvals() -> None:
    """The smallest amount and the earliest end, even of two different people."""
    small = Terms(micros("10"), NOW + 3 * DAY)
    short = Terms(micros("30"), NOW + DAY)

    assert Terms(micros("10"), NOW + DAY) == least([small, short])


def test_the_last_day_of_a_term() -> None:
    """Midnight ends the day before; any later moment ends that day."""
    assert date(2026, 11, 30) == last_day(PERIOD.ends_at, NEW_YORK)
    assert date(2026, 12, 1) == last_day(PERIOD.ends_at + timedelta(minutes=1), NEW_YORK)


@pytest.mark.parametrize(
    ("amount", "day", "expected"),
    [
        ("50", None, Terms(micros("50"), PERIOD.ends_at)),
        ("0.01", date(2026, 11, 30), Terms(micros("0.01"), PERIOD.ends_at)),
        ("30", date(2026, 11, 23), Terms(micros("30"), NOW.replace(hour=5) + DAY)),
    ],
)
def test_less_or_shorter_is_fine(amount: str, day: date | None, expected: Terms) -> None:
    """Up to all that was asked for; the day that is running still counts."""
    assert expected == at_most(request(), amount, day, NEW_YORK, NOW)


@pytest.mark.parametrize(
    ("amount", "day", "field", "text"),
    [
        ("50.01", None, "amount", "$50 was asked for; an approval may be of less, not of more."),
        ("0", None, "amount", "more than $0"),
        ("-1", None, "amount", "is not an amount"),
        ("all", None, "amount", "“all” is not an amount"),
        ("30", date(2026, 12, 1), "ends_at", "It was asked for until Mon 30 Nov 2026"),
        ("30", date.max, "ends_at", "not for a longer one"),
        ("30", date(2026, 11, 22), "ends_at", "That day is over"),
        ("30", date.min, "ends_at", "That day is over"),
    ],
)
def test_more_longer_nothing_and_the_past_are_refused(
    amount: str, day: date | None, field: str, text: str
) -> None:
    """Beside the field, with what would do."""
    with pytest.raises(UserError) as refused:
        at_most(request(), amount, day, NEW_YORK, NOW)

    assert field == refused.value.field
    assert text in refused.value.text
