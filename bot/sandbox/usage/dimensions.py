"""What the analytics reports can be grouped, filtered and ordered by."""

from dataclasses import dataclass

USAGE_DIMENSIONS = (
    "actor",
    "actor_type",
    "agent_id",
    "api_key_id",
    "claude_tag_category",
    "claude_tag_user_id",
    "context_window",
    "deployment_id",
    "environment_id",
    "inference_geo",
    "model",
    "organization_id",
    "product",
    "rbac_group_id",
    "service_tier",
    "session_id",
    "slack_channel_id",
    "speed",
    "user_profile_id",
    "workspace_id",
)
FAN_OUT = ("cost_type", "token_type")
TOKEN_TYPES = (
    "uncached_input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation.ephemeral_5m_input_tokens",
    "cache_creation.ephemeral_1h_input_tokens",
)
COST_TYPES = ("tokens", "web_search", "code_execution", "session_usage")


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter parameter: the dimension it looks at, and the values it takes (any when empty)."""

    dimension: str
    values: tuple[str, ...] = ()
    unset: str | None = None  # the entry that stands for usage without a value


FILTERS = {
    "actor_ids": Filter("actor"),
    "agent_ids": Filter("agent_id"),
    "api_key_ids": Filter("api_key_id", unset=""),
    "claude_tag_user_ids": Filter("claude_tag_user_id"),
    "deployment_ids": Filter("deployment_id"),
    "environment_ids": Filter("environment_id"),
    "models": Filter("model"),
    "rbac_group_ids": Filter("rbac_group_id"),
    "session_ids": Filter("session_id"),
    "slack_channel_ids": Filter("slack_channel_id"),
    "user_profile_ids": Filter("user_profile_id"),
    "workspace_ids": Filter("workspace_id"),
    "actor_types": Filter(
        "actor_type", ("user_actor", "service_account_actor", "federated_actor", "api_actor")
    ),
    "claude_tag_categories": Filter(
        "claude_tag_category", ("dm", "engaged", "monitoring", "proactive", "scheduled")
    ),
    "context_windows": Filter("context_window", ("0-200k", "200k-1M")),
    "inference_geos": Filter(
        "inference_geo", ("global", "us", "not_available"), unset="not_available"
    ),
    "products": Filter(
        "product",
        (
            "chat",
            "chat_cowork_unified",
            "claude_code",
            "claude_console",
            "claude_design",
            "claude_in_chrome",
            "claude_tag",
            "cowork",
            "managed_agents_api",
            "message_batches_api",
            "messages_api",
            "office_agent",
        ),
    ),
    "service_tiers": Filter(
        "service_tier",
        ("batch", "flex", "flex_discount", "priority", "priority_on_demand", "standard"),
    ),
    "speeds": Filter("speed", ("fast", "standard")),
}


@dataclass(frozen=True, slots=True)
class Report:
    """What differs between the two endpoints."""

    name: str  # also the key of a row's figures
    dimensions: tuple[str, ...]
    orders: tuple[str, ...]
    default_order: str


COST = Report("cost", USAGE_DIMENSIONS + FAN_OUT, ("amount", "list_amount", "time"), "amount")
USAGE = Report(
    "usage",
    USAGE_DIMENSIONS,
    ("total_tokens", "uncached_input_tokens", "output_tokens", "requests", "time"),
    "total_tokens",
)
