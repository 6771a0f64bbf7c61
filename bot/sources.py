"""Usage sources by kind: each made from the settings it needs."""

from collections.abc import Callable, Mapping

from bot.clients.usage import UsageSource
from bot.clients.usage.anthropic import AnthropicSource
from bot.clients.usage.claude_code import ClaudeCodePeople
from bot.clients.usage.litellm import LiteLlmSource
from bot.clients.usage.mlflow import MlflowSource
from bot.clients.usage.usage_report import UsageReportSource
from bot.config.settings import Settings
from bot.domain.policy import PeoplePolicy, SourcePolicy

PATIENCE_SECONDS = 10  # the next poll comes anyway


def _anthropic(settings: Settings, source: SourcePolicy) -> UsageSource:
    key = settings.require_anthropic().get_secret_value()
    return AnthropicSource(
        key, settings.anthropic_base_url, name=source.name, patience=PATIENCE_SECONDS
    )


def _usage_report(settings: Settings, source: SourcePolicy) -> UsageSource:
    key = settings.require_anthropic().get_secret_value()
    return UsageReportSource(
        key, settings.anthropic_base_url, name=source.name, patience=PATIENCE_SECONDS
    )


def _litellm(settings: Settings, source: SourcePolicy) -> UsageSource:
    url, key = settings.require_litellm()
    return LiteLlmSource(key.get_secret_value(), url, name=source.name, patience=PATIENCE_SECONDS)


def _mlflow(settings: Settings, source: SourcePolicy) -> UsageSource:
    password = settings.mlflow_password
    return MlflowSource(
        settings.require_mlflow(),
        username=settings.mlflow_username,
        password=password.get_secret_value() if password else None,
        name=source.name,
        patience=PATIENCE_SECONDS,
    )


KINDS: Mapping[str, Callable[[Settings, SourcePolicy], UsageSource]] = {
    "anthropic": _anthropic,
    "usage_report": _usage_report,
    "litellm": _litellm,
    "mlflow": _mlflow,
}


def build_sources(settings: Settings, sources: tuple[SourcePolicy, ...]) -> dict[str, UsageSource]:
    """Every source of the policy; raises ConfigError when a variable it needs is missing."""
    return {source.name: KINDS[source.kind](settings, source) for source in sources}


def _claude_code(settings: Settings, help_: PeoplePolicy) -> ClaudeCodePeople:
    key = settings.require_anthropic().get_secret_value()
    return ClaudeCodePeople(
        key, settings.anthropic_base_url, name=help_.name, patience=PATIENCE_SECONDS
    )


HELPS: Mapping[str, Callable[[Settings, PeoplePolicy], ClaudeCodePeople]] = {
    "claude_code": _claude_code,
}


def build_helps(settings: Settings, helps: tuple[PeoplePolicy, ...]) -> dict[str, ClaudeCodePeople]:
    """What names people where keys are shared; raises ConfigError when a variable is missing."""
    return {help_.name: HELPS[help_.name](settings, help_) for help_ in helps}
