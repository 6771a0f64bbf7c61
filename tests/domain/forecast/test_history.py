"""What a family has spent, put together from its members."""

from datetime import date

import pytest

from bot.domain.forecast import History, history_of
from bot.domain.money import Micros

FIRST = date(2026, 11, 2)


def m(*amounts: int) -> list[Micros]:
    """Amounts in micro-dollars."""
    return [Micros(amount) for amount in amounts]


def test_family() -> None:
    """Days and hours of the members are summed one by one."""
    found = history_of(FIRST, [m(1, 2, 3), m(10, 0, -3)], [m(*range(24)), m(*[1] * 24)])

    assert History(FIRST, (11, 2, 0), tuple(range(1, 25))) == found  # type: ignore[arg-type]


def test_nothing_known() -> None:
    """A family without members has neither days nor hours."""
    assert History(FIRST, ()) == history_of(FIRST, [])


def test_unlike() -> None:
    """Members with different days are a mistake and not a shorter history."""
    with pytest.raises(ValueError, match="shorter"):
        history_of(FIRST, [m(1, 2), m(1)])
