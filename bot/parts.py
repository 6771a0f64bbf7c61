"""What the bot is made of: built once by `bot.app`, handed to every flow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.clients.enforcement import EnforcementTarget
from bot.clients.increase_requests import IncreaseRequests
from bot.clients.slack import Slack
from bot.clients.usage import UsageSource
from bot.clients.usage.claude_code import ClaudeCodePeople
from bot.clock import Clock
from bot.domain.budgets import BudgetId
from bot.domain.policy import Policy
from bot.domain.targets import WEBHOOK, Refs
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
    targets: Mapping[str, EnforcementTarget]  # by kind
    clock: Clock
    helps: Mapping[str, ClaudeCodePeople] = field(default_factory=dict)  # who used what is shared
    queue: IncreaseRequests | None = None  # of increase requests; None: they are not answered here
    push_secrets: tuple[str, ...] = ()  # of `POST /usage`; none: it is not served
    wake: Callable[[], None] = field(default=_nobody_waits)


def targets_of(bot: Bot, budget: BudgetId) -> dict[str, Refs]:
    """
    Where the limit of a budget is held: the kinds, and what the budget is called there.

    The webhook, once it is set up, hears of every budget that does not say no; the others of those
    that name something there. A budget that left the policy has none.
    """
    known = bot.policy.tree.budgets.get(budget)
    if known is None or known.limit is None:
        return {}
    webhook: dict[str, Refs] = {}
    if known.enforce.webhook and WEBHOOK in bot.targets:
        webhook = {WEBHOOK: {}}
    return {**webhook, **{kind: known.enforce.refs(kind) for kind in known.enforce.kinds}}
