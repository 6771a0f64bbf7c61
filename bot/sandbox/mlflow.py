"""
A double of MLflow AI Gateway's budget policies, windows and limits, in the shapes of 3.17.2.

`make test-gateways` holds its answers against those of the real program.
"""

import base64
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.sandbox.litellm_serving import Body, GatewayDouble, Refusal

_ROOT = "/api/3.0/mlflow/gateway/budgets"


class _Turned(Exception):  # noqa: N818 - an answer, not a mistake
    """Turned away before any handler of MLflow's: in HTML, as Flask does it."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.response = HTMLResponse(text, status, headers)


@dataclass(frozen=True, slots=True)
class _Policy:
    id: str
    scope: str
    target: str | None
    unit: str
    starts_at: datetime
    ends_at: datetime
    spend: float = 0.0  # MLflow sums floats
    amount: float = 0.5
    action: str = "REJECT"
    currency: str = "USD"

    def show(self) -> Body:
        shown: Body = {
            "budget_policy_id": self.id,
            "budget_unit": self.currency,
            "budget_amount": self.amount,
            "duration": {"unit": self.unit, "value": 1},
            "target_scope": self.scope,
            "budget_action": self.action,
            "created_by": "",
            "created_at": 1795450647515,
            "last_updated_by": "",
            "last_updated_at": 1795450647515,
        }
        return shown if self.target is None else {**shown, "target_value": self.target}

    def show_window(self) -> Body:
        return {
            "budget_policy_id": self.id,
            "window_start_ms": _milliseconds(self.starts_at),
            "window_end_ms": _milliseconds(self.ends_at),
            "current_spend": self.spend,
        }


class Mlflow(GatewayDouble):
    """`faults`, `requests` and `url` come from the double it is."""

    def __init__(self, credentials: tuple[str, str] | None = None, port: int = 0) -> None:
        reading = {
            f"{_ROOT}/list": self._list,
            f"{_ROOT}/windows": self._windows,
            f"{_ROOT}/get": self._get,
        }
        super().__init__(reading, port, writing={f"{_ROOT}/update": self._update})
        self.page_size = 1000
        self._credentials = credentials
        self._policies: dict[str, _Policy] = {}
        self._hidden: set[str] = set()
        self._made = 0

    def add_policy(
        self,
        target: str | None,
        starts_at: datetime,
        ends_at: datetime,
        *,
        scope: str = "ENDPOINT",
        unit: str = "MONTHS",
    ) -> str:
        with self.lock:
            self._made += 1
            id_ = f"bp-{self._made}"
            self._policies[id_] = _Policy(id_, scope, target, unit, starts_at, ends_at)
        return id_

    def set_policy(
        self,
        policy: str,
        *,
        amount: float | None = None,
        action: str | None = None,
        currency: str | None = None,
    ) -> None:
        """By hand, in MLflow's pages."""
        with self.lock:
            known = self._policies[policy]
            self._policies[policy] = replace(
                known,
                amount=known.amount if amount is None else amount,
                action=action or known.action,
                currency=currency or known.currency,
            )

    def amount(self, policy: str) -> float:
        with self.lock:
            return self._policies[policy].amount

    def lets_through(self, policy: str) -> bool:
        """As the program decides before a call."""
        with self.lock:
            known = self._policies[policy]
            return known.action != "REJECT" or known.spend < known.amount

    def delete_policy(self, policy: str) -> None:
        with self.lock:
            del self._policies[policy]

    def spend(self, policy: str, dollars: str | Decimal) -> None:
        with self.lock:
            known = self._policies[policy]
            self._policies[policy] = replace(known, spend=known.spend + float(Decimal(dollars)))

    def lose(self, policy: str, left: str = "0") -> None:
        """The gateway has lost count, as after a restart or from another worker."""
        with self.lock:
            self._policies[policy] = replace(self._policies[policy], spend=float(Decimal(left)))

    def roll(self, policy: str, starts_at: datetime, ends_at: datetime) -> None:
        """A new window begins, with nothing spent."""
        with self.lock:
            known = self._policies[policy]
            fresh = replace(known, starts_at=starts_at, ends_at=ends_at, spend=0.0)
            self._policies[policy] = fresh

    def hide_window(self, policy: str, *, hidden: bool = True) -> None:
        """The policy is listed, but the answer has no window of it."""
        with self.lock:
            (self._hidden.add if hidden else self._hidden.discard)(policy)

    def error(self, status: int, message: str) -> Body:
        codes = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "RESOURCE_DOES_NOT_EXIST"}
        code = codes.get(status, "INTERNAL_ERROR")
        kind = "RESOURCE_NOT_FOUND" if status == 404 else code
        return {"error_code": code, "message": message, "sqlstate": "KAM00", "error_class": kind}

    def authorize(self, request: Request) -> None:
        if self._credentials is not None:
            pair = base64.b64encode(":".join(self._credentials).encode()).decode()
            if request.headers.get("authorization") != f"Basic {pair}":
                realm = {"www-authenticate": 'Basic realm="mlflow"'}
                raise _Turned(401, "You are not authenticated.", **realm)
        known = self._paths if request.method == "GET" else self._writing
        if request.url.path not in known:
            raise _Turned(404, "<!doctype html>\n<title>404 Not Found</title>")

    async def _handle(self, request: Request) -> Response:
        try:
            return await super()._handle(request)
        except _Turned as turned:
            return turned.response

    def _list(self, request: Request) -> Body:
        start = int(request.query_params.get("page_token", "0"))
        end = start + self.page_size
        shown = [policy.show() for policy in self._policies.values()]
        body = _leave_out_empty("budget_policies", shown[start:end])
        return {**body, "next_page_token": str(end)} if end < len(shown) else body

    def _get(self, request: Request) -> Body:
        return {"budget_policy": self._find(request.query_params["budget_policy_id"]).show()}

    def _update(self, body: dict[str, Any]) -> Body:
        """0 and less are taken like any other amount, and null changes nothing."""
        policy = self._find(body["budget_policy_id"])
        if (amount := body.get("budget_amount")) is not None:
            policy = replace(policy, amount=float(amount))
        self._policies[policy.id] = policy
        return {"budget_policy": policy.show()}

    def _find(self, id_: str) -> _Policy:
        if id_ not in self._policies:
            raise Refusal(
                404, self.error(404, f"BudgetPolicy not found (budget_policy_id='{id_}')")
            )
        return self._policies[id_]

    def _windows(self, _: Request) -> Body:
        policies = [policy for policy in self._policies.values() if policy.id not in self._hidden]
        return _leave_out_empty("windows", [policy.show_window() for policy in policies])


def _leave_out_empty(name: str, found: list[Body]) -> Body:
    """MLflow's answers are protobuf messages: a list without an entry is not there at all."""
    return {name: found} if found else {}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
