"""Increase requests of the members of a Claude Enterprise organization behind the double."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.sandbox.usage.organization import format_time
from bot.sandbox.usage.query import ApiError, invalid
from bot.sandbox.usage.spend_limits import PERIODS, SpendLimits, page_of, read_amount

Pairs = Sequence[tuple[str, str]]
_STATUSES = ("pending", "approved", "denied")
BY_KEY = {"type": "scoped_api_key_actor", "scoped_api_key_id": "apikey_01scoped"}


@dataclass(frozen=True, slots=True)
class IncreaseRequest:
    id: str
    user: str
    period: str
    created_at: datetime
    status: str = "pending"
    resolved_at: datetime | None = None
    resolved_by: Mapping[str, object] | None = None


@dataclass(slots=True)
class IncreaseRequests:
    limits: SpendLimits
    requests: dict[str, IncreaseRequest] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)  # whom Anthropic has written to
    most_on_a_page: int = 1000

    def ask(self, user: str, now: datetime, period: str = "monthly") -> str:
        """A member presses the button; only one request may be pending for each."""
        if any(item.user == user and item.status == "pending" for item in self.requests.values()):
            raise ValueError("one pending request per member")
        id_ = f"slir_01{len(self.requests):04d}"
        self.requests[id_] = IncreaseRequest(id_, user, period, now)
        return id_

    def resolve_elsewhere(self, id_: str, status: str, admin: str, now: datetime) -> None:
        """What an administrator does in claude.ai."""
        actor = self.limits.organization.users[admin].actor()
        self.requests[id_] = replace(
            self.requests[id_], status=status, resolved_at=now, resolved_by=actor
        )

    def list_(self, pairs: Pairs) -> dict[str, object]:
        self._enterprise()
        statuses = [value for name, value in pairs if name == "status[]"]
        actors = [value for name, value in pairs if name == "actor_ids[]"]
        single = {name: value for name, value in pairs if not name.endswith("[]")}
        if not set(statuses) <= set(_STATUSES) or not set(single) <= {"limit", "page"}:
            raise invalid("status: Input should be 'pending', 'approved' or 'denied'")
        users = self.limits.organization.users
        newest = sorted(self.requests.values(), key=lambda item: item.created_at, reverse=True)
        rows = [
            self._body(item)
            for item in newest
            if (not statuses or item.status in statuses)
            and (not actors or item.user in actors)
            and not users[item.user].deleted
        ]
        asked = int(single.get("limit", "20"))
        return page_of(rows, {**single, "limit": str(min(asked, self.most_on_a_page))})

    def show(self, id_: str) -> dict[str, object]:
        return self._body(self._find(id_))

    def approve(self, id_: str, body: Mapping[str, object], now: datetime) -> dict[str, object]:
        item = self._pending(id_, "approve")
        if not {"amount"} <= set(body) <= {"amount", "period", "suppress_notification"}:
            raise invalid("amount: Field required")
        amount = read_amount(body["amount"])
        if amount is None:
            raise invalid("amount: Input should be a valid string")
        period = str(body.get("period", item.period))
        if period not in PERIODS:
            raise invalid("period: Input should be 'daily', 'weekly' or 'monthly'")
        limit = self.limits.put(("user", item.user), amount, period, now)
        done = self._resolve(item, "approved", body, now)
        return {**self._body(done), "spend_limit": limit.body()}

    def deny(self, id_: str, body: Mapping[str, object], now: datetime) -> dict[str, object]:
        """A repeat is harmless; an approved one cannot be denied."""
        item = self._find(id_)
        if not set(body) <= {"suppress_notification"}:
            raise invalid("Extra inputs are not permitted")
        if item.status == "denied":
            return self._body(item)
        return self._body(self._resolve(self._pending(id_, "deny"), "denied", body, now))

    def _resolve(
        self, item: IncreaseRequest, status: str, body: Mapping[str, object], now: datetime
    ) -> IncreaseRequest:
        done = replace(item, status=status, resolved_at=now, resolved_by=BY_KEY)
        self.requests[item.id] = done
        if not body.get("suppress_notification"):
            self.mails.append(item.user)
        return done

    def _pending(self, id_: str, what: str) -> IncreaseRequest:
        item = self._find(id_)
        if item.status != "pending":
            raise invalid(f"cannot {what} a request that is {item.status}")
        return item

    def _find(self, id_: str) -> IncreaseRequest:
        self._enterprise()
        item = self.requests.get(id_)
        if item is None:
            raise ApiError(404, "not_found_error", f"no increase request {id_}")
        return item

    def _enterprise(self) -> None:
        if self.limits.kind != "enterprise":
            raise ApiError(
                400, "invalid_request_error", "Console", "organization_type_not_supported"
            )

    def _body(self, item: IncreaseRequest) -> dict[str, object]:
        user = self.limits.organization.users[item.user]
        pending = item.status == "pending"
        return {
            "type": "spend_limit_increase_request",
            "id": item.id,
            "status": item.status,
            "period": item.period,
            "created_at": format_time(item.created_at),
            "actor": user.actor(),
            "resolved_at": format_time(item.resolved_at) if item.resolved_at else None,
            "resolved_by": item.resolved_by,
            "spend_summary": self.limits.summary(user, item.period) if pending else None,
        }
