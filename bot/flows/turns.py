"""Of several replicas, one runs a job in a slot of time."""

from datetime import UTC, datetime, timedelta

from bot.parts import Bot
from store import jobs


def take_turn(bot: Bot, job: str, every: timedelta, now: datetime) -> bool:
    """Whether this replica runs the job now: the slot is `now` cut down to the interval."""
    seconds = max(int(every.total_seconds()), 1)
    slot = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    with bot.db.transaction() as tx:
        return jobs.take(tx, job, slot)
