"""What remembers a gateway's writing as the bot does, and counts what was sent to the gateway."""

import json
from collections.abc import Mapping, Sequence

from bot.clients.enforcement.answers import Accepted, Answer, Confirmed, Edited, TargetError
from bot.clients.enforcement.litellm import LiteLlmTarget
from bot.clients.enforcement.mlflow import MlflowTarget
from bot.clients.enforcement.orders import Held, Order
from bot.domain.budgets import AtLimit, BudgetId
from bot.domain.limits import Mode
from bot.domain.money import Micros, micros
from bot.sandbox.litellm_serving import GatewayDouble

LIMIT = micros(15_000)
Target = LiteLlmTarget | MlflowTarget
Refs = Mapping[str, Sequence[str]]


class Desk:
    """One budget and its target; `written` is kept as the bot keeps it, through JSON."""

    def __init__(self, target: Target, double: GatewayDouble, **refs: str | Sequence[str]) -> None:
        self.target = target
        self.double = double
        self.refs: Refs = {
            name: (value,) if isinstance(value, str) else value for name, value in refs.items()
        }
        self.written: list[Held] = []
        self.tried: Held | None = None
        self.killed = False  # before it hears an answer
        self.version = 0
        self.at_limit = AtLimit.BLOCK

    def order(self, limit: Micros, mode: Mode, *, force: bool) -> Order:
        return Order(
            key=f"limit:search:v{self.version}:{self.target.kind}",
            budget=BudgetId("search"),
            version=self.version,
            mode=mode,
            at_limit=self.at_limit,
            limit=limit,
            allocation=limit,
            until=None,
            then=None,
            refs=self.refs,
            body=b"{}",
            written=tuple(self.written),
            force=force,
            tried=self.tried,
            keep=self._keep,
        )

    def _keep(self, held: Held) -> None:
        self.tried = json.loads(json.dumps(dict(held)))

    def apply(
        self, limit: Micros = LIMIT, mode: Mode = Mode.ALLOW, *, force: bool = False
    ) -> Answer:
        """A new version, tried once."""
        self.version += 1
        answer = self.target.apply(self.order(limit, mode, force=force))
        if isinstance(answer, Confirmed) and not self.killed:
            assert self.version == answer.version
            self.written.insert(0, json.loads(json.dumps(dict(answer.held))))
            del self.written[10:]
            self.tried = None
        return answer

    def confirm(
        self, limit: Micros = LIMIT, mode: Mode = Mode.ALLOW, *, force: bool = False
    ) -> Confirmed:
        answer = self.apply(limit, mode, force=force)
        assert isinstance(answer, Confirmed), answer
        return answer

    def edited(self, limit: Micros = LIMIT, mode: Mode = Mode.ALLOW) -> str:
        answer = self.apply(limit, mode)
        assert isinstance(answer, Edited), answer
        return answer.text

    def refused(self, limit: Micros = LIMIT, mode: Mode = Mode.ALLOW) -> TargetError:
        try:
            answer = self.apply(limit, mode)
        except TargetError as error:
            return error
        raise AssertionError(answer)

    def look(self, limit: Micros = LIMIT, mode: Mode = Mode.ALLOW) -> Answer:
        return self.target.look(self.order(limit, mode, force=False))

    def looks_away(self, limit: Micros = LIMIT, mode: Mode = Mode.ALLOW) -> bool:
        """Whether it differs, by nobody's edit."""
        return isinstance(self.look(limit, mode), Accepted)

    def writes(self) -> list[tuple[str, str]]:
        """Path and body of every write that was carried out."""
        return list(self.double.written)
