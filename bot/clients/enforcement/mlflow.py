"""
MLflow AI Gateway as an enforcement target: the amount of budget policies.

MLflow takes any amount, 0 and less than it too, so amounts are checked here. A policy has an action
of its own, which the bot does not write: one that only alerts holds nothing back.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from bot.clients.credentials import basic
from bot.clients.enforcement.answers import Answer, TargetError
from bot.clients.enforcement.gateway_answers import PolicyAnswer, PolicyList
from bot.clients.enforcement.gateway_holder import ATTEMPT, Holder
from bot.clients.enforcement.gateway_limits import Found, Place, SetAmount, Step, Words
from bot.clients.enforcement.json_line import JsonLine
from bot.clients.enforcement.orders import Order
from bot.clients.remedies import Remedies
from bot.clients.usage.mlflow import POLICIES
from bot.domain.money import MICROS_PER_CENT, Micros, dollars, micros

POLICY = "policy"
GET = "/api/3.0/mlflow/gateway/budgets/get"
UPDATE = "/api/3.0/mlflow/gateway/budgets/update"
ACTION, REJECT = "budget_action", "REJECT"
REMEDIES = Remedies(
    gateway="MLflow",
    address="MLFLOW_BASE_URL",
    key="MLFLOW_USERNAME and MLFLOW_PASSWORD",
    forbidden="MLflow lets only an administrator change budgets: check MLFLOW_USERNAME",
    verb="read or change",
    phrases={
        "RESOURCE_DOES_NOT_EXIST": (
            "MLflow has no budget policy of this id: check `enforce` in the policy file"
        ),
    },
)


class MlflowTarget:
    """`enforce: {mlflow: {policy: bp-…}}`; credentials only where the server asks for them."""

    kind = "mlflow"

    def __init__(
        self,
        base_url: str,
        username: str | None = None,
        password: str | None = None,
        *,
        timeout: float = 15.0,
    ) -> None:
        authorization, secrets = basic(username, password)
        self._line = JsonLine(
            base_url, REMEDIES, authorization=authorization, secrets=secrets, timeout=timeout
        )
        self._holder = Holder(_Mlflow(self._line))

    def apply(self, order: Order) -> Answer:
        """One attempt; raises TargetError, permanent with a remedy where people have to act."""
        return self._holder.apply(order)

    def look(self, order: Order) -> Answer:
        """What stands there now, nothing written; raises TargetError."""
        return self._holder.look(order)

    def check(self) -> str:
        """How many budget policies there are; raises TargetError."""
        page = self._line.read(PolicyList, POLICIES, (), self._line.ends(ATTEMPT))
        count = len(page.budget_policies)
        more = "at least " if page.next_page_token else ""
        return f"MLflow, {more}{count} budget {'policy' if count == 1 else 'policies'}"

    def close(self) -> None:
        self._line.close()


class _Mlflow:
    words = Words(
        "MLflow",
        "budget_amount",
        "other workers see it after their refresh (MLFLOW_GATEWAY_BUDGET_REFRESH_INTERVAL)",
    )
    kinds = (POLICY,)
    least = Micros(MICROS_PER_CENT)  # with nothing at all it is not known what MLflow does

    def __init__(self, line: JsonLine) -> None:
        self._line = line
        self.ends = line.ends

    def read(self, place: Place, ends: float) -> Found:
        asked = (("budget_policy_id", place[1]),)
        policy = self._line.read(PolicyAnswer, GET, asked, ends).budget_policy
        if policy.budget_policy_id != place[1]:
            raise TargetError("MLflow answered about another policy", permanent=False)
        if policy.budget_unit != "USD":
            raise TargetError(
                f"its unit is {policy.budget_unit}, and limits are dollars: make a policy in USD",
                permanent=True,
            )
        notes = []
        if policy.budget_action != REJECT:
            notes.append(f"policy {place[1]} only alerts: make its action {REJECT} to refuse calls")
        return Found(
            place,
            policy.budget_policy_id,
            micros(policy.budget_amount),
            notes=notes,
            more={ACTION: policy.budget_action},
            guard=(ACTION, REJECT),
        )

    def write(self, step: Step, ends: float) -> None:
        if not isinstance(step, SetAmount) or step.amount < self.least:
            raise ValueError("MLflow holds amounts of more than 0, and nothing else")
        amount = Decimal(step.amount) / 1_000_000
        self._line.write(UPDATE, {"budget_policy_id": step.found.id, "budget_amount": amount}, ends)

    def explain(self, order: Order, found: Sequence[Found]) -> Iterator[str]:  # noqa: ARG002
        if order.limit < self.least:
            yield f"the least MLflow is given is {dollars(self.least)}"
