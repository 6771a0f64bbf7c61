"""Where limits are held: targets by kind, and the queue of increase requests."""

from collections.abc import Callable, Mapping

from bot.clients.enforcement import EnforcementTarget
from bot.clients.enforcement.anthropic import AnthropicTarget
from bot.clients.enforcement.litellm import LiteLlmTarget
from bot.clients.enforcement.mlflow import MlflowTarget
from bot.clients.enforcement.webhook import WebhookTarget
from bot.clients.increase_requests import IncreaseRequests
from bot.config.settings import Settings
from bot.domain.errors import ConfigError
from bot.domain.policy import Policy
from bot.domain.targets import ANTHROPIC, LITELLM, MLFLOW, WEBHOOK


def build_webhook(settings: Settings) -> dict[str, EnforcementTarget]:
    """The webhook, when it is set up."""
    if not settings.enforcement_webhook_url:
        return {}
    enforcement = settings.require_enforcement()
    target = WebhookTarget(
        enforcement.url,
        [secret.get_secret_value() for secret in enforcement.secrets],
        allow_private=settings.enforcement_allow_private,
    )
    return {WEBHOOK: target}


def _anthropic(settings: Settings) -> EnforcementTarget:
    key = settings.require_anthropic().get_secret_value()
    return AnthropicTarget(settings.anthropic_base_url, key)


def _litellm(settings: Settings) -> EnforcementTarget:
    url, key = settings.require_litellm()
    return LiteLlmTarget(url, key.get_secret_value())


def _mlflow(settings: Settings) -> EnforcementTarget:
    password = settings.mlflow_password
    secret = password.get_secret_value() if password else None
    return MlflowTarget(settings.require_mlflow(), settings.mlflow_username, secret)


KINDS: Mapping[str, Callable[[Settings], EnforcementTarget]] = {
    LITELLM: _litellm,
    MLFLOW: _mlflow,
    ANTHROPIC: _anthropic,
}


def named(policy: Policy) -> list[str]:
    """The native targets that a budget names."""
    there = {kind for budget in policy.tree for kind in budget.enforce.kinds}
    return sorted(there)


def build_targets(settings: Settings, policy: Policy) -> dict[str, EnforcementTarget]:
    """
    The webhook when it is set up, and each target that a budget names.

    Raises ConfigError when a variable that one of them needs is missing.
    """
    native = {kind: KINDS[kind](settings) for kind in named(policy)}
    return {**build_webhook(settings), **native}


def build_queue(settings: Settings, policy: Policy) -> IncreaseRequests | None:
    """
    The increase requests of Claude Enterprise, where the policy says who decides them.

    Raises ConfigError when the key is missing that it needs.
    """
    if policy.increases is None:
        return None
    if settings.anthropic_admin_key is None:
        raise ConfigError(
            "ANTHROPIC_ADMIN_KEY: is missing, and organization.increase_requests is set: an owner "
            "of the Claude Enterprise organization makes a key with read:spend_limits and "
            "write:spend_limits at claude.ai > Organization settings > API; or remove "
            "increase_requests from the policy file"
        )
    key = settings.anthropic_admin_key.get_secret_value()
    return IncreaseRequests(settings.anthropic_base_url, key)
