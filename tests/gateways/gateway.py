"""An MLflow AI Gateway as its operators and its callers use it, by the documented REST API."""

import itertools
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from tests.gateways.provider import MODEL

ROOT = "/api/3.0/mlflow/gateway"
LIMIT = 1_000_000.0  # dollars: one that no test reaches


class Gateway:
    """`upstream` is the provider's address; every endpoint leads there."""

    def __init__(self, url: str, upstream: str, auth: tuple[str, str] | None = None) -> None:
        self.url = url
        self._upstream = upstream
        self._names = itertools.count(1)
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=60, auth=auth)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str, **parameters: str) -> Any:
        """What is below the gateway's root, as it answers."""
        return self._client.get(f"{ROOT}/{path}", params=parameters).raise_for_status().json()

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        path = path if path.startswith("/") else f"{ROOT}/{path}"
        return self._client.post(path, json=body).raise_for_status().json()

    def add_endpoint(self) -> tuple[str, str]:
        """A new one: the name that callers use, and the id that policies use."""
        name = f"team-{time.time_ns()}-{next(self._names)}"
        secret = {
            "secret_name": name,
            "secret_value": {"api_key": "not a key"},
            "provider": "anthropic",
            "auth_config": {"api_base": f"{self._upstream}/v1"},
        }
        secret_id = self.post("secrets/create", secret)["secret"]["secret_id"]
        model = {
            "name": name,
            "secret_id": secret_id,
            "provider": "anthropic",
            "model_name": MODEL,
        }
        made = self.post("model-definitions/create", model)["model_definition"]
        config = {
            "model_definition_id": made["model_definition_id"],
            "linkage_type": "PRIMARY",
            "weight": 1.0,
        }
        endpoint = self.post("endpoints/create", {"name": name, "model_configs": [config]})
        return name, endpoint["endpoint"]["endpoint_id"]

    def add_policy(
        self,
        target: str | None,
        unit: str = "MONTHS",
        *,
        scope: str = "ENDPOINT",
        limit: float = LIMIT,
        action: str = "REJECT",
    ) -> str:
        policy: dict[str, object] = {
            "budget_unit": "USD",
            "budget_amount": limit,
            "duration": {"unit": unit, "value": 1},
            "target_scope": scope,
            "budget_action": action,
        }
        if target is not None:
            policy["target_value"] = target
        return str(self.post("budgets/create", policy)["budget_policy"]["budget_policy_id"])

    def delete_policy(self, policy: str) -> None:
        body = {"budget_policy_id": policy}
        self._client.request("DELETE", f"{ROOT}/budgets/delete", json=body).raise_for_status()

    def spend_of(self, policy: str) -> float | None:
        """As the gateway tells it; None when it has no window of the policy."""
        windows = self.get("budgets/windows").get("windows", [])
        return next((w["current_spend"] for w in windows if w["budget_policy_id"] == policy), None)

    def complete(self, endpoint: str) -> httpx.Response:
        """A completion, which costs `provider.COST` when it is let through."""
        message = {"role": "user", "content": "hello"}
        body = {"model": endpoint, "max_tokens": 5, "messages": [message]}
        return self._client.post("/gateway/anthropic/v1/messages", json=body)

    def wait_for_spend(self, policy: str, dollars: float, seconds: float = 30) -> None:
        """Until the gateway has counted what went through it; raises TimeoutError."""
        ends = time.monotonic() + seconds
        pause = threading.Event()
        while abs((counted := self.spend_of(policy) or 0.0) - dollars) > 1e-6:
            if time.monotonic() > ends:
                raise TimeoutError(f"{policy} counts ${counted}, not ${dollars}")
            pause.wait(0.1)
