"""What the bot is made of: built once by `bot.app`, handed to every flow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.clients.enforcement import EnforcementTarget
from bot.clients.slack import Slack
from bot.clients.usage import UsageSource
from bot.clients.usage.claude_code import ClaudeCodePeople
from bot.clock import Clock
from bot.domain.policy import Policy
from store.db import Database


def _nobody_waits() -> None:
    """Nothing delivers in the background: whoever wrote the entry delivers it."""


@dataclass(frozen=True, slots=True)
class Bot:
    """The parts, none of them global. `wake` tells the delivery that there is something to send."""

    policy: Policy
    db: Database
    slack: Slack
    sources: Mapping[str, UsageSource]
    target: EnforcementTarget | None
    clock: Clock
    helps: Mapping[str, ClaudeCodePeople] = field(default_factory=dict)  # who used what is shared
    push_secrets: tuple[str, ...] = ()  # of `POST /usage`; none: it is not served
    wake: Callable[[], None] = field(default=_nobody_waits)
