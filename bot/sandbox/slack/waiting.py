"""Waiting for the workspace to change, without fixed sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

from bot.sandbox.slack.workspace import Workspace

Found = TypeVar("Found")
POLL_SECONDS = 0.05


def wait_for_version(w: Workspace, seen: int, timeout: float, stopping: Callable[[], bool]) -> int:
    """Return as soon as the version is another one, or the time is over, or the sandbox stops."""
    with w.changed:
        w.changed.wait_for(lambda: w.version != seen or stopping(), timeout)
        return w.version


def wait_until(
    w: Workspace,
    predicate: Callable[[], Found | None],
    timeout: float,
    last_calls: Callable[[], str],
) -> Found:
    """The predicate runs outside the lock: it may look at things that call Slack themselves."""
    until = time.monotonic() + timeout
    while True:
        seen = w.version
        found = predicate()
        if found:
            return found
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"not within {timeout} s; the last calls were: {last_calls()}")
        with w.changed:
            if w.version == seen:
                w.changed.wait(min(left, POLL_SECONDS))
