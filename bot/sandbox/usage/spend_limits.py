"""Spend limits of the organization behind the double, of a Console or an Enterprise one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from bot.sandbox.usage.organization import Organization, User, format_time
from bot.sandbox.usage.query import ApiError, invalid, read_limit

READS_BETA = "spend-limit-reads-2026-09-26"
PERIODS = ("daily", "weekly", "monthly")
_SCOPES = {
    "console": ("organization", "workspace", "usage_tier"),
    "enterprise": ("organization", "seat_tier", "rbac_group", "organization_service", "user"),
}
_AMOUNT = re.compile(r"[0-9]{1,15}", re.ASCII)
Kind = Literal["console", "enterprise"]
Pairs = Sequence[tuple[str, str]]
Scope = tuple[str, str]  # its type, and the id of what it is about; empty for the organization


@dataclass(frozen=True, slots=True)
class SpendLimit:
    id: str
    scope: Scope
    amount: str | None
    period: str
    created_at: datetime
    updated_at: datetime

    def body(self) -> dict[str, object]:
        return {
            "type": "spend_limit",
            "id": self.id,
            "amount": self.amount,
            "currency": "USD",
            "period": self.period,
            "is_enabled": True,
            "scope": show_scope(self.scope),
            "created_at": format_time(self.created_at),
            "updated_at": format_time(self.updated_at),
        }


@dataclass(slots=True)
class SpendLimits:
    organization: Organization
    kind: Kind = "console"
    writes: bool = True  # off: the organization has no spend-limit writes
    default: str | None = "50000"  # what a member inherits from the organization
    limits: dict[tuple[Scope, str], SpendLimit] = field(default_factory=dict)
    spent: dict[str, str] = field(default_factory=dict)  # cents of a member in this period

    def put(self, scope: Scope, amount: str | None, period: str, now: datetime) -> SpendLimit:
        """What somebody does in the Console, and what the API does in the end."""
        known = self.limits.get((scope, period))
        if known is None:
            id_ = f"spl_01{len(self.limits):04d}"
            known = SpendLimit(id_, scope, amount, period, now, now)
        self.limits[scope, period] = replace(known, amount=amount, updated_at=now)
        return self.limits[scope, period]

    def drop(self, scope: Scope, period: str = "monthly") -> None:
        self.limits.pop((scope, period), None)

    def list_(self, pairs: Pairs) -> dict[str, object]:
        single = {name: value for name, value in pairs if name != "scope_type[]"}
        types = [value for name, value in pairs if name == "scope_type[]"]
        if not set(single) <= {"workspace_id", "limit", "page"}:
            raise invalid("Extra inputs are not permitted")
        workspace = single.get("workspace_id")
        if any(type_ not in _SCOPES[self.kind] for type_ in types) or (
            workspace is not None and self.kind != "console"
        ):
            raise invalid("scope_type: does not apply to this organization")
        found = [
            limit
            for limit in self.limits.values()
            if (not types or limit.scope[0] in types) and workspace in (None, limit.scope[1])
        ]
        return page_of([limit.body() for limit in found], single)

    def effective(self, pairs: Pairs) -> dict[str, object]:
        if self.kind != "enterprise":
            raise ApiError(
                400, "invalid_request_error", "Console", "organization_type_not_supported"
            )
        users = [value for name, value in pairs if name == "user_ids[]"]
        periods = [value for name, value in pairs if name == "period[]"] or ["monthly"]
        if len(users) > 100 or not set(periods) <= set(PERIODS):
            raise invalid("user_ids or period: not as documented")
        rows = [
            self.summary(user, period)
            for user in self.organization.users.values()
            if not user.deleted and (not users or user.id in users)
            for period in periods
        ]
        return page_of(rows, dict(pairs))

    def summary(self, user: User, period: str) -> dict[str, object]:
        own = self.limits.get((("user", user.id), period))
        return {
            "spend_limit_id": own.id if own else "spl_default",
            "actor": user.actor(),
            "scope": {"type": "user", "user_id": user.id},
            "source": show_scope(("user", user.id) if own else ("organization", "")),
            "amount": own.amount if own else self.default,
            "currency": "USD",
            "period": period,
            "period_to_date_spend": self.spent.get(user.id, "0"),
        }

    def set(self, body: Mapping[str, object], now: datetime) -> dict[str, object]:
        if not self.writes:
            raise ApiError(
                403,
                "permission_error",
                "spend limit writes are not enabled",
                "spend_limits_admin_api_writes_not_enabled",
            )
        if not {"amount", "scope"} <= set(body) <= {"amount", "scope", "period"}:
            raise invalid("amount, scope: Field required")
        amount = read_amount(body["amount"])
        scope = self._scope(body["scope"])
        period = body.get("period", "monthly")
        if period not in PERIODS:
            raise invalid("period: Input should be 'daily', 'weekly' or 'monthly'")
        if self.kind == "console" and (amount is None or period != "monthly"):
            raise invalid("Console limits are monthly and always carry an amount")
        return self.put(scope, amount, str(period), now).body()

    def _scope(self, value: object) -> Scope:
        match value:
            case {"type": "workspace", "workspace_id": str(id_)} if self.kind == "console":
                if id_ in self.organization.workspaces:
                    return "workspace", id_
            case {"type": "user", "user_id": str(id_)} if self.kind == "enterprise":
                if id_ in self.organization.users:
                    return "user", id_
            case {"type": "organization"} if self.kind == "console":
                return "organization", ""
        raise invalid("scope: does not apply to this organization")


def read_amount(value: object) -> str | None:
    if value is None or (isinstance(value, str) and _AMOUNT.fullmatch(value)):
        return value
    raise invalid("amount: should be a non-negative integer decimal string")


def show_scope(scope: Scope) -> dict[str, object]:
    type_, id_ = scope
    return {"type": type_, f"{type_}_id": id_} if id_ else {"type": type_}


def page_of(rows: Sequence[Mapping[str, object]], single: Mapping[str, str]) -> dict[str, object]:
    """By a cursor; the limit is 20 when none is asked for."""
    start = int(single.get("page", "page_0").removeprefix("page_"))
    end = start + read_limit(single.get("limit"))
    return {
        "data": list(rows[start:end]),
        "next_page": f"page_{end}" if end < len(rows) else None,
    }
