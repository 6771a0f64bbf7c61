"""A double of Anthropic's usage and organization API, for tests and for the demo."""

from bot.sandbox.usage.api import ADMIN_KEY, ANALYTICS_KEY, UsageApi
from bot.sandbox.usage.endpoints import Seen
from bot.sandbox.usage.faults import Fault, Faults
from bot.sandbox.usage.organization import DEFAULT_WORKSPACE

__all__ = [
    "ADMIN_KEY",
    "ANALYTICS_KEY",
    "DEFAULT_WORKSPACE",
    "Fault",
    "Faults",
    "Seen",
    "UsageApi",
]
