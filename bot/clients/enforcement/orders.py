"""What an enforcement target is asked to hold for one budget."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.budgets import AtLimit, BudgetId
from bot.domain.limits import Fallback, Mode
from bot.domain.money import Micros

Held = Mapping[str, object]
"""What a target holds for a budget, in its own words; plain JSON values."""


def _forget(_held: Held) -> None:
    """Nobody keeps it."""


@dataclass(frozen=True, slots=True)
class Order:
    """
    The desired state of one budget at one target, absolute: a repeat changes nothing.

    `refs` are the names of the budget at this target, from `enforce` in the policy file, for example
    `{"team": ("team-search",)}`. `written` is what the bot itself has written there, the newest
    first, as it was read back: a target that holds anything else was changed by somebody, and that
    is told and not overwritten, unless an operator says so with `force`.

    `keep` notes what is about to be written before it is, and `tried` is what was noted last and not
    confirmed since: should the bot be killed in between, it still knows its own doing.
    """

    key: str  # of the outbox entry: the same on each retry
    budget: BudgetId
    version: int
    mode: Mode
    at_limit: AtLimit
    limit: Micros
    allocation: Micros
    until: datetime | None
    then: Fallback | None
    refs: Mapping[str, Sequence[str]]
    body: bytes  # the same as the webhook says it
    written: Sequence[Held] = ()
    force: bool = False
    tried: Held | None = None
    keep: Callable[[Held], None] = _forget
