"""What can be changed through the double: keys, rate limits, spend limits, increase requests."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.clock import Clock
from bot.sandbox.usage.increase_requests import IncreaseRequests
from bot.sandbox.usage.organization import ApiKey, Organization
from bot.sandbox.usage.query import ApiError, invalid
from bot.sandbox.usage.rate_limits import RateLimits
from bot.sandbox.usage.spend_limits import READS_BETA, SpendLimits

Pairs = Sequence[tuple[str, str]]
Answer = dict[str, object]
_KEY = re.compile(r"api_keys/([^/]+)")
_RATES = re.compile(r"workspaces/([^/]+)/rate_limits(?:/([^/]+))?")
_REQUEST = re.compile(r"spend_limit_increase_requests/([^/]+)(?:/(approve|deny))?")


class Administration:
    """`set_status` and the lists are what people do in the Console, without the API."""

    def __init__(self, organization: Organization, clock: Clock) -> None:
        self.organization = organization
        self.clock = clock
        self.most_active_keys: int | None = None
        self.most_active_in_workspace: int | None = None
        self.rate_limits = RateLimits()
        self.spend_limits = SpendLimits(organization)
        self.increase_requests = IncreaseRequests(self.spend_limits)

    def set_status(self, key: str, status: str) -> None:
        self.organization.api_keys[key] = replace(self.organization.api_keys[key], status=status)

    def status(self, key: str) -> str:
        return self.organization.api_keys[key].status

    def answers(self, name: str) -> bool:
        return name.startswith("spend_limit") or any(
            pattern.fullmatch(name) for pattern in (_KEY, _RATES)
        )

    def scope(self, method: str, name: str) -> str:
        """What a key needs besides `admin`."""
        if name.startswith("spend_limit"):
            return "read:spend_limits" if method == "GET" else "write:spend_limits"
        return "admin"

    def beta(self, method: str, name: str) -> str | None:
        return READS_BETA if (method, name) == ("GET", "spend_limits") else None

    def answer(self, method: str, name: str, pairs: Pairs, body: bytes) -> Answer:
        sent = _read_body(body) if method == "POST" else {}
        if (found := _KEY.fullmatch(name)) is not None:
            return self._key(method, found[1], sent)
        if (found := _RATES.fullmatch(name)) is not None:
            return self._rates(method, found[1], found[2], pairs, sent)
        if (found := _REQUEST.fullmatch(name)) is not None:
            return self._request(method, found[1], found[2], sent)
        match method, name:
            case "GET", "spend_limit_increase_requests":
                return self.increase_requests.list_(pairs)
            case "GET", "spend_limits":
                return self.spend_limits.list_(pairs)
            case "GET", "spend_limits/effective":
                return self.spend_limits.effective(pairs)
            case "POST", "spend_limits":
                return self.spend_limits.set(sent, self.clock())
        raise ApiError(404, "not_found_error", "Not found")

    def _key(self, method: str, id_: str, sent: Mapping[str, object]) -> Answer:
        key = self.organization.api_keys.get(id_)
        if key is None:
            raise ApiError(404, "not_found_error", f"no API key {id_}")
        if method == "POST":
            key = self._change(key, sent)
        return key.body()

    def _change(self, key: ApiKey, sent: Mapping[str, object]) -> ApiKey:
        status = sent.get("status", key.status)
        if not set(sent) <= {"name", "status"} or status not in ("active", "inactive", "archived"):
            raise invalid("status: Input should be 'active', 'inactive' or 'archived'")
        if key.status in ("archived", "expired") and status != key.status:
            raise invalid(f"an API key that is {key.status} cannot be changed")
        if status == "active" != key.status:
            self._find_room(key)
        changed = replace(key, status=str(status), name=str(sent.get("name", key.name)))
        self.organization.api_keys[key.id] = changed
        return changed

    def _find_room(self, key: ApiKey) -> None:
        active = [item for item in self.organization.api_keys.values() if item.status == "active"]
        beside = [item for item in active if item.workspace_id == key.workspace_id]
        if self.most_active_keys is not None and len(active) >= self.most_active_keys:
            raise _full("org_api_key_limit_exceeded")
        most = self.most_active_in_workspace
        if most is not None and len(beside) >= most:
            raise _full("workspace_api_key_limit_exceeded")

    def _rates(
        self, method: str, workspace: str, id_: str | None, pairs: Pairs, sent: Mapping[str, object]
    ) -> Answer:
        if workspace not in self.organization.workspaces:
            raise ApiError(404, "not_found_error", f"no workspace {workspace}")
        if method == "POST" and id_ is not None:
            return self.rate_limits.update(workspace, id_, sent)
        if method == "GET" and id_ is None:
            return self.rate_limits.list_(workspace, pairs)
        raise ApiError(404, "not_found_error", "Not found")

    def _request(
        self, method: str, id_: str, verb: str | None, sent: Mapping[str, object]
    ) -> Answer:
        match method, verb:
            case "GET", None:
                return self.increase_requests.show(id_)
            case "POST", "approve":
                return self.increase_requests.approve(id_, sent, self.clock())
            case "POST", "deny":
                return self.increase_requests.deny(id_, sent, self.clock())
        raise ApiError(404, "not_found_error", "Not found")


def _read_body(body: bytes) -> dict[str, object]:
    try:
        sent = json.loads(body or b"{}")
    except ValueError:
        raise invalid("the body is not JSON") from None
    if not isinstance(sent, dict):
        raise invalid("the body should be an object")
    return sent


def _full(code: str) -> ApiError:
    return ApiError(400, "invalid_request_error", "the limit of active API keys is reached", code)
