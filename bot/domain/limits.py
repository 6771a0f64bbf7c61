"""Limits: the allocation, the raises on top of it, and what enforcement should hold now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.budgets import AtLimit, BudgetId
from bot.domain.money import Micros
from bot.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Allocation:
    """A budget's limit for a period; every change is a new revision."""

    budget: BudgetId
    limit: Micros
    revision: int


class RaiseState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class TemporaryRaise:
    """
    An approved exception: the limit is higher by `extra` for a term, then comes back.

    For the budget that a transfer takes from, `extra` is negative: the two add up to nothing.
    """

    budget: BudgetId
    request: int
    extra: Micros
    starts_at: datetime
    ends_at: datetime
    approved_by: str
    other: BudgetId | None = None  # of a transfer: whom the dollars come from, or go to

    def __post_init__(self) -> None:
        if self.ends_at <= self.starts_at:
            raise ValueError("a temporary raise must end after it starts")

    def state(self, now: datetime) -> RaiseState:
        """Derived, never stored: nothing has to run on time for a raise to be over."""
        if now < self.starts_at:
            return RaiseState.PENDING
        return RaiseState.ACTIVE if now < self.ends_at else RaiseState.ENDED


def active(raises: Iterable[TemporaryRaise], now: datetime) -> list[TemporaryRaise]:
    """The live ones, the one that ends first in front."""
    live = [r for r in raises if r.state(now) is RaiseState.ACTIVE]
    return sorted(live, key=lambda r: (r.ends_at, r.request))


def raised(raises: Iterable[TemporaryRaise]) -> Micros:
    """What exceptions have added; what transfers have taken away does not make room for more."""
    return Micros(sum(max(r.extra, 0) for r in raises))


def effective_limit(
    allocation: Allocation, raises: Iterable[TemporaryRaise], now: datetime
) -> Micros:
    """Computed anew each time: putting back "the value before" breaks when two raises overlap."""
    return Micros(allocation.limit + sum(r.extra for r in active(raises, now)))


class Mode(StrEnum):
    """What a target that does not count spend itself should do."""

    ALLOW = "allow"
    THROTTLE = "throttle"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Fallback:
    """What is true after `until`."""

    mode: Mode
    limit: Micros


class Cause(StrEnum):
    """Why the limit state is as it is."""

    ALLOCATION = "allocation"
    EXCEPTION = "exception"
    AT_LIMIT = "at_limit"


@dataclass(frozen=True, slots=True)
class LimitState:
    """What should be true at the enforcement target, whatever was sent before."""

    budget: BudgetId
    mode: Mode
    limit: Micros
    allocation: Micros
    period: Period
    until: datetime | None
    then: Fallback | None
    cause: Cause
    request: int | None
    approved_by: str | None
    grace_until: datetime | None = None  # at the limit, and let through until then


RESPONSE = {
    AtLimit.NOTIFY: Mode.ALLOW,
    AtLimit.THROTTLE: Mode.THROTTLE,
    AtLimit.BLOCK: Mode.BLOCK,
}


def mode_for(at_limit: AtLimit, spent: Micros, limit: Micros) -> Mode:
    """Below its limit a budget is let through; at the limit the prepared response holds."""
    return Mode.ALLOW if spent < limit else RESPONSE[at_limit]


def desired(
    allocation: Allocation,
    raises: Sequence[TemporaryRaise],
    period: Period,
    spent: Micros,
    at_limit: AtLimit,
    now: datetime,
) -> LimitState:
    """
    The state to hold from now on.

    While raises are live it says until when, the first end of them, and what holds then, so that
    the target can fall back by itself when the bot is dead. What will have been spent by then is
    not known, so a target that does not count spend is given the response at the limit.
    """
    live = active(raises, now)
    limit = effective_limit(allocation, raises, now)
    mode = mode_for(at_limit, spent, limit)
    until = live[0].ends_at if live else None
    newest = max(live, key=lambda r: r.request) if live else None
    then = None
    if until is not None:
        then = Fallback(RESPONSE[at_limit], effective_limit(allocation, raises, until))
    return LimitState(
        budget=allocation.budget,
        mode=mode,
        limit=limit,
        allocation=allocation.limit,
        period=period,
        until=until,
        then=then,
        cause=_cause(newest is not None, mode),
        request=newest.request if newest else None,
        approved_by=newest.approved_by if newest else None,
    )


def let_through(state: LimitState, until: datetime | None) -> LimitState:
    """The same without the response at the limit, which begins at `until` if that is known."""
    cause = _cause(state.request is not None, Mode.ALLOW)
    return replace(state, mode=Mode.ALLOW, cause=cause, grace_until=until)


def _cause(raised: bool, mode: Mode) -> Cause:
    if mode is not Mode.ALLOW:
        return Cause.AT_LIMIT
    return Cause.EXCEPTION if raised else Cause.ALLOCATION
