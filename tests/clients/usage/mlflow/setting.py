"""What the tests of MLflow as a usage source share: moments, quoted answers, what it spent."""

from datetime import UTC, datetime, timedelta

from bot.clients.usage import UsageSource
from bot.domain.money import Micros
from bot.domain.usage import Window

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
DECEMBER = (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
TODAY = (datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))
LOOKBACK = Window(NOW - 6 * HOUR, NOW)
# as the reference quotes them
QUOTED_WINDOWS = """{"windows":[{"budget_policy_id":"bp-1","window_start_ms":1793491200000,
"window_end_ms":1796083200000,"current_spend":0.63}]}"""
QUOTED_POLICIES = """{"budget_policies":[{"budget_policy_id":"bp-1","budget_unit":"USD",
"budget_amount":0.5,"duration":{"unit":"MONTHS","value":1},"target_scope":"ENDPOINT",
"target_value":"e-1","budget_action":"REJECT","created_by":"","created_at":1795450647515,
"last_updated_by":"","last_updated_at":1795450647515}]}"""


def spend_of(source: UsageSource, now: datetime = NOW) -> dict[str | None, Micros]:
    """What the source says, by team."""
    return {row.team: row.net for row in source.fetch(Window(now - HOUR, now), now).rows}
