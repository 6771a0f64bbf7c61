"""What the tests of LiteLLM as a usage source share: a moment, quoted answers, a source."""

from datetime import UTC, datetime, timedelta

from bot.clients.usage.litellm import LiteLlmSource
from bot.domain.usage import Tokens, Window
from bot.sandbox.litellm import LiteLlm

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
ACTIVITY = "/team/daily/activity"
TOKENS = Tokens(uncached_input=100, cache_read=20, cache_creation_5m=30, output=300)
WEEK = Window(NOW - 7 * DAY, NOW)
# as the reference quotes it, with the figures it leaves out left out
QUOTED = """{"results":[{"date":"2026-11-23","metrics":{"spend":3.12,"prompt_tokens":120,
"completion_tokens":300,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,
"total_tokens":420,"successful_requests":15,"failed_requests":14,"api_requests":29},
"breakdown":{"models":{"anthropic/claude-sonnet-4-5":{"metrics":{},"api_key_breakdown":{
"abc123":{"metrics":{},"metadata":{"key_alias":"growth-svc","team_id":"team-growth","user_id":null}
}}}},"model_groups":{}}}],"metadata":{}}"""
QUOTED_TEAMS = """{"teams":[{"team_id":"team-growth","team_alias":"growth","metadata":{"owner":"bo"},
"max_budget":3.0,"soft_budget":1.0,"budget_duration":"30d","budget_limits":null,"spend":3.12,
"budget_reset_at":"2026-12-01T00:00:00Z","blocked":false,"members_count":1,"keys_count":1}],
"total":1,"page":1,"page_size":10,"total_pages":1}"""


def source_of(proxy: LiteLlm, key: str | None = None, **options: object) -> LiteLlmSource:
    """A source of a proxy; without a key with the master key."""
    waits = options.pop("waits", [])
    assert isinstance(waits, list)
    return LiteLlmSource(
        key or proxy.master_key,
        proxy.url,
        sleep=waits.append,
        clock=lambda: NOW,
        **options,  # type: ignore[arg-type] # options of the constructor
    )
