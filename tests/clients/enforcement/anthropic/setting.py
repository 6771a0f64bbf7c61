"""An organization on the Anthropic double, and what remembers a target's writing as the bot does."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.clients.enforcement.answers import Answer, Confirmed, Edited, TargetError
from bot.clients.enforcement.anthropic import AnthropicTarget
from bot.clients.enforcement.orders import Held, Order
from bot.domain.budgets import AtLimit, BudgetId
from bot.domain.limits import Mode
from bot.domain.money import Micros, micros
from bot.sandbox.usage import Seen, UsageApi

NOW = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
MONTH = ("2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z")
LIMIT = micros(12_000)
Refs = Mapping[str, Sequence[str]]
REQUESTS = "requests_per_minute"


class Desk:
    """One budget and its target; `written` is kept as the bot keeps it, through JSON."""

    def __init__(self, api: UsageApi, refs: Refs, key: str | None = None) -> None:
        self.api = api
        self.refs = refs
        self.key = key or api.admin_key
        self.written: list[Held] = []
        self.tried: Held | None = None
        self.killed = False  # before it hears an answer
        self.version = 0
        self.at_limit = AtLimit.BLOCK
        self.period = MONTH
        self.target = AnthropicTarget(api.url, self.key)

    def restart(self) -> None:
        """The bot was killed: what it has kept is remembered."""
        self.target.close()
        self.target = AnthropicTarget(self.api.url, self.key)

    def order(self, mode: Mode, *, limit: Micros = LIMIT, force: bool = False) -> Order:
        starts_at, ends_at = self.period
        data = {"budget": "search", "period": {"starts_at": starts_at, "ends_at": ends_at}}
        return Order(
            key=f"limit:search:v{self.version}:anthropic",
            budget=BudgetId("search"),
            version=self.version,
            mode=mode,
            at_limit=self.at_limit,
            limit=limit,
            allocation=limit,
            until=None,
            then=None,
            refs=self.refs,
            body=json.dumps({"data": data}).encode(),
            written=tuple(self.written),
            force=force,
            tried=self.tried,
            keep=self._keep,
        )

    def _keep(self, held: Held) -> None:
        self.tried = json.loads(json.dumps(dict(held)))

    def apply(self, mode: Mode, *, limit: Micros = LIMIT, force: bool = False) -> Answer:
        """A new version, tried once."""
        self.version += 1
        return self.again(mode, limit=limit, force=force)

    def again(self, mode: Mode, *, limit: Micros = LIMIT, force: bool = False) -> Answer:
        """The same version once more."""
        answer = self.target.apply(self.order(mode, limit=limit, force=force))
        if isinstance(answer, Confirmed) and not self.killed:
            self.written.insert(0, json.loads(json.dumps(dict(answer.held))))
            del self.written[10:]
            self.tried = None
        return answer

    def confirm(self, mode: Mode, *, limit: Micros = LIMIT, force: bool = False) -> Confirmed:
        answer = self.apply(mode, limit=limit, force=force)
        assert isinstance(answer, Confirmed), answer
        assert self.version == answer.version
        return answer

    def edited(self, mode: Mode) -> str:
        answer = self.apply(mode)
        assert isinstance(answer, Edited), answer
        return answer.text

    def refused(self, mode: Mode, *, limit: Micros = LIMIT) -> TargetError:
        try:
            answer = self.apply(mode, limit=limit)
        except TargetError as error:
            return error
        raise AssertionError(answer)

    def look(self, mode: Mode, *, limit: Micros = LIMIT) -> Answer:
        return self.target.look(self.order(mode, limit=limit))

    def status(self, name: str) -> str:
        return self.api.administration.status(self.id(name))

    def id(self, name: str) -> str:
        return self.api.organization.find_api_key(name, None)

    def set_status(self, name: str, status: str) -> None:
        """By hand, in the Console."""
        self.api.administration.set_status(self.id(name), status)

    def writes(self) -> list[Seen]:
        return [seen for seen in self.api.requests if seen.method != "GET"]

    def own_limits(self) -> dict[str, int]:
        """The workspace's own requests per minute, by the name of the group."""
        rates = self.api.administration.rate_limits
        workspace = self.api.organization.find_workspace("team-search")
        return {
            group.display_name: own[REQUESTS]
            for group in rates.groups.values()
            if REQUESTS in (own := rates.overrides.get((workspace, group.id), {}))
        }

    def set_own(self, group: str, value: int | None) -> None:
        """By hand, in the Console."""
        rates = self.api.administration.rate_limits
        workspace = self.api.organization.find_workspace("team-search")
        (id_,) = (item.id for item in rates.groups.values() if item.display_name == group)
        own = {**rates.overrides.get((workspace, id_), {})}
        own.pop(REQUESTS, None)
        rates.overrides[workspace, id_] = own if value is None else {**own, REQUESTS: value}

    def workspace(self) -> str:
        return self.api.organization.find_workspace("team-search")
