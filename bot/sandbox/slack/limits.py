"""Slack's own rate limits, for those who ask for them: a bucket per method, for posts per channel."""

import math
from collections.abc import Callable
from dataclasses import dataclass

BURST = 5
POSTS_PER_SECOND = 1.0
SECOND, THIRD, FOURTH = 20 / 60, 50 / 60, 100 / 60
TIERS = {
    "users.list": SECOND,
    "usergroups.users.list": SECOND,
    "usergroups.list": SECOND,
    "conversations.list": SECOND,
    "chat.update": THIRD,
    "chat.delete": THIRD,
    "conversations.open": THIRD,
    "conversations.info": THIRD,
    "conversations.history": THIRD,
    "conversations.replies": THIRD,
    "users.lookupByEmail": THIRD,
    "apps.connections.open": THIRD,
}


@dataclass(slots=True)
class Bucket:
    """What is left of a limit, and when that was counted."""

    left: float
    at: float


class RateLimits:
    """Counts calls; a bucket fills at the tier's rate up to one minute's worth (posts: a short burst)."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._buckets: dict[str, Bucket] = {}

    def wait_for(self, method: str, channel: str) -> int | None:
        """None lets the call through; else how many seconds Slack would ask the app to wait."""
        post = method == "chat.postMessage"
        rate = POSTS_PER_SECOND if post else TIERS.get(method, FOURTH)
        most = float(BURST) if post else rate * 60
        now = self._monotonic()
        bucket = self._buckets.setdefault(f"{method} {channel if post else ''}", Bucket(most, now))
        bucket.left = min(most, bucket.left + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.left >= 1:
            bucket.left -= 1
            return None
        return max(1, math.ceil((1 - bucket.left) / rate))
