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
    note: str = ""  # what people have to know about it: "other replicas may need a minute"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Taken, but not confirmed: what the target holds is not known."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Newer:
    """The target already holds a newer version, so this one is superseded."""

    version: int


@dataclass(frozen=True, slots=True)
class Edited:
    """Somebody else changed what we had written: it is left as it is, and people are told."""

    held: Mapping[str, object]
    text: str  # one sentence: what stands there, and what was expected


Answer = Confirmed | Accepted | Newer | Edited


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
