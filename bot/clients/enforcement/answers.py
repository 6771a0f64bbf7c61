"""
What an enforcement target says to a limit state, and what can go wrong.

TargetError    `permanent`: trying again makes no sense, and the operators are told
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.errors import BudgetBotError


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The target holds the version that was sent; only this may be told as done."""

    version: int
    held: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Taken, but not confirmed: what the target holds is not known."""


@dataclass(frozen=True, slots=True)
class Newer:
    """The target already holds a newer version, so this one is superseded."""

    version: int


Answer = Confirmed | Accepted | Newer


class TargetError(BudgetBotError):
    def __init__(
        self,
        text: str,
        *,
        permanent: bool,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.permanent = permanent
        self.status = status
        self.retry_after = retry_after
