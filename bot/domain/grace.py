"""Grace: the time between a limit that is reached and the response written down for it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.budgets import AT_ONCE, Budget
from bot.domain.limits import RESPONSE, LimitState, Mode, let_through
from bot.domain.spans import WorkCalendar


class Word(StrEnum):
    """The owner's last word on the response."""

    NOW = "now"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Grace:
    """
    The grace of one limit in one period; another limit has another.

    It begins when the owner is told that the limit is reached, so nobody is cut off who was not
    told. It does not begin anew when spend falls below the limit and comes back.
    """

    starts_at: datetime
    ends_at: datetime
    word: Word | None = None
    word_by: str | None = None
    word_at: datetime | None = None
    over_at: datetime | None = None  # when the response held, and the owner was told

    def is_running(self, now: datetime) -> bool:
        return now < self.ends_at


def is_given(budget: Budget) -> bool:
    """Whether there is a grace, and a response that it could put off."""
    responds = budget.is_held and RESPONSE[budget.at_limit] is not Mode.ALLOW
    return responds and budget.grace != AT_ONCE


def begin(budget: Budget, calendar: WorkCalendar, now: datetime) -> Grace | None:
    """The grace of a limit that is reached now; None where the response comes at once."""
    return Grace(now, calendar.after(now, budget.grace)) if is_given(budget) else None


def hold_off(grace: Grace, budget: Budget, calendar: WorkCalendar, by: str, now: datetime) -> Grace:
    """The same length once more, from where it would have ended."""
    later = calendar.after(grace.ends_at, budget.grace)
    return replace(grace, ends_at=later, word=Word.HOLD, word_by=by, word_at=now)


def end_now(grace: Grace, by: str, now: datetime) -> Grace:
    """The owner does not want to wait."""
    return replace(grace, ends_at=now, word=Word.NOW, word_by=by, word_at=now)


def within(state: LimitState, grace: Grace | None, now: datetime) -> LimitState:
    """
    The state at a limit that is reached, in a budget that has a grace.

    Without one yet the owner was not told: then nobody is cut off.
    """
    if grace is None:
        return let_through(state, None)
    return let_through(state, grace.ends_at) if grace.is_running(now) else state
