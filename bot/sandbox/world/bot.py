"""The real bot, started the way an operator would: by environment variables and a policy file."""

import secrets
from importlib import resources
from pathlib import Path

from bot.app import Running, start
from bot.clock import Clock
from bot.config.load import load_policy
from bot.config.settings import load_settings
from bot.domain.policy import Policy
from bot.sandbox.gateway import Gateway
from bot.sandbox.slack import SlackSandbox
from bot.sandbox.usage import UsageApi


def write_policy(folder: Path) -> Path:
    """The demo's policy file, as a file like any other."""
    path = folder / "budgets.yaml"
    source = resources.files("bot.sandbox.world") / "budgets.yaml"
    path.write_bytes(source.read_bytes())
    return path


def read_policy(path: Path) -> Policy:
    return load_policy(path).policy


def start_bot(
    folder: Path,
    policy: Policy,
    clock: Clock,
    slack: SlackSandbox,
    usage: UsageApi,
    gateway: Gateway,
) -> Running:
    """Nothing of it knows that it is a demo."""
    settings = load_settings(
        {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "ANTHROPIC_ADMIN_KEY": usage.admin_key,
            "ANTHROPIC_BASE_URL": usage.url,
            "ENFORCEMENT_WEBHOOK_URL": gateway.url,
            "ENFORCEMENT_WEBHOOK_SECRET": gateway.secret,
            "BUDGET_BOT_CONFIG": str(folder / "budgets.yaml"),
            "BUDGET_BOT_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
            "BUDGET_BOT_HTTP": "127.0.0.1:0",
            "AUDIT_KEY": secrets.token_urlsafe(32),
        },
        env_file=None,
    )
    running = start(settings, policy, clock)
    slack.wait_for_socket()
    return running
