"""When to try again: within seconds first, and for the first minutes never later than a minute."""

from datetime import timedelta

MINUTE = timedelta(minutes=1)
FIRST_MINUTES = 16  # attempts: 1 + 2 + 4 + … seconds, then a minute each, about ten minutes in all
GIVE_UP_AFTER = timedelta(days=3)


def delay(attempts: int, asked: float | None = None) -> timedelta:
    """How long to wait after that many attempts, and never less than the other side asked for."""
    if attempts <= FIRST_MINUTES:
        wait = min(timedelta(seconds=2 ** min(attempts - 1, 6)), MINUTE)
    else:
        wait = 5 * MINUTE
    return max(wait, timedelta(seconds=asked or 0))
