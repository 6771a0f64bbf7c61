"""Backoff: soon at first, patient later, and never sooner than was asked for."""

from datetime import timedelta
from itertools import pairwise

import pytest

from bot.domain.backoff import GIVE_UP_AFTER, MINUTE, delay


def test_the_first_retry_comes_within_seconds() -> None:
    """Most troubles are over at once."""
    assert timedelta(seconds=1) == delay(1)
    assert timedelta(seconds=2) == delay(2)


def test_for_the_first_minutes_none_waits_longer_than_a_minute() -> None:
    """The first ten attempts come within ten minutes, and each waits at least as long as the last."""
    waits = [delay(attempt) for attempt in range(1, 11)]

    assert max(waits) <= MINUTE
    assert sum(waits, timedelta()) < 10 * MINUTE
    assert all(earlier <= later for earlier, later in pairwise(waits))


@pytest.mark.parametrize("attempt", [17, 100, 10_000, 10**9])
def test_later_it_is_every_five_minutes(attempt: int) -> None:
    """However often it failed, an entry is tried again until it is too old."""
    assert 5 * MINUTE == delay(attempt)
    assert delay(attempt) < GIVE_UP_AFTER


@pytest.mark.parametrize(
    ("attempt", "asked", "seconds"),
    [(1, 30.0, 30), (1, 0.0, 1), (1, None, 1), (8, 1.0, 60), (3, 3_600.0, 3_600)],
)
def test_it_waits_as_long_as_was_asked(attempt: int, asked: float | None, seconds: int) -> None:
    """`Retry-After` is a lower bound, not a replacement."""
    assert timedelta(seconds=seconds) == delay(attempt, asked)
