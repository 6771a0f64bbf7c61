"""Usage sources by kind: each made from the settings it needs."""

from collections.abc import Callable, Mapping

from bot.clients.usage import UsageSource
from bot.clients.usage.anthropic import AnthropicSource
from bot.clients.usage.usage_report import UsageReportSource
from bot.config.settings import Settings
from bot.domain.policy import SourcePolicy

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


KINDS: Mapping[str, Callable[[Settings, SourcePolicy], UsageSource]] = {
    "anthropic": _anthropic,
    "usage_report": _usage_report,
}


def build_sources(settings: Settings, sources: tuple[SourcePolicy, ...]) -> dict[str, UsageSource]:
    """Every source of the policy; raises ConfigError when a variable it needs is missing."""
    return {source.name: KINDS[source.kind](settings, source) for source in sources}
