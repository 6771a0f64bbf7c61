"""What a gateway holds for a budget, and what follows from it at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

MODES = ("allow", "throttle", "block")


class Malformed(Exception):  # noqa: N818 - an outcome, answered with 400
    """A body that is not a limit state; the text names the field."""


class Holding(NamedTuple):
    """What is in force. A budget never heard of has no limit and version 0."""

    limit: Decimal | None
    version: int
    mode: str


NOTHING = Holding(None, 0, "allow")


@dataclass(frozen=True, slots=True)
class Fallback:
    mode: str
    limit: Decimal | None


@dataclass(frozen=True, slots=True)
class Held:
    """The newest limit state of a budget, as it was sent."""

    budget: str
    version: int
    mode: str
    limit: Decimal | None
    spent: Decimal
    starts_at: datetime
    ends_at: datetime
    until: datetime | None
    then: Fallback | None
    data: Mapping[str, object]

    def in_force(self, now: datetime) -> Holding:
        """At `until` the gateway falls back by itself, so a dead bot leaves no raise behind."""
        if self.until is not None and self.then is not None and now >= self.until:
            return Holding(self.then.limit, self.version, self.then.mode)
        return Holding(self.limit, self.version, self.mode)


def read_held(body: object) -> Held:
    """A limit state from a webhook's JSON; anything missing or of another kind is refused."""
    if not isinstance(body, dict) or body.get("type") != "budget.limit_state":
        raise Malformed("type must be budget.limit_state")
    data = body.get("data")
    if not isinstance(data, dict):
        raise Malformed("data must be an object")
    budget, version = data.get("budget"), data.get("version")
    if not isinstance(budget, str) or not budget:
        raise Malformed("data.budget must be a name")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise Malformed("data.version must be a number from 1")
    period = data.get("period")
    if not isinstance(period, dict):
        raise Malformed("data.period must be an object")
    until, then = data.get("until"), data.get("then")
    return Held(
        budget=budget,
        version=version,
        mode=_mode(data.get("mode"), "data.mode"),
        limit=_usd(data.get("limit_usd"), "data.limit_usd"),
        spent=_usd(data.get("spent_usd"), "data.spent_usd") or Decimal(0),
        starts_at=_moment(period.get("starts_at"), "data.period.starts_at"),
        ends_at=_moment(period.get("ends_at"), "data.period.ends_at"),
        until=None if until is None else _moment(until, "data.until"),
        then=None if then is None else _fallback(then),
        data=data,
    )


def _fallback(then: object) -> Fallback:
    if not isinstance(then, dict):
        raise Malformed("data.then must be an object")
    limit = _usd(then.get("limit_usd"), "data.then.limit_usd")
    return Fallback(_mode(then.get("mode"), "data.then.mode"), limit)


def _mode(value: object, field: str) -> str:
    if value not in MODES:
        raise Malformed(f"{field} must be one of {', '.join(MODES)}")
    return str(value)


def _usd(value: object, field: str) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except ArithmeticError:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise Malformed(f"{field} must be dollars in a string")
    return amount


def _moment(value: object, field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Malformed(f"{field} must be a time with its zone")
    return moment.astimezone(UTC)
