"""Usage that gateways push: a signed body of rows, read whole or refused with index and reason."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from bot.domain.errors import BudgetBotError
from bot.domain.money import Micros, micros
from bot.domain.pricing import price
from bot.domain.usage import Actor, Tokens, UsageRow

MOST_ROWS = 10_000
LARGEST_BODY = 5_000_000
AHEAD = timedelta(hours=1)  # a gateway's clock may be off by that, not by more
HOUR = timedelta(hours=1)

Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Count = Annotated[int, Field(ge=0, le=10**15)]


class PushRefused(BudgetBotError):  # noqa: N818 - says what became of the call
    """Nothing of the call was taken; `status` is what it is answered with."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    source: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    id: Name
    at: AwareDatetime
    model: Name | None = None
    api_key_id: Name | None = None
    workspace_id: Name | None = None
    actor: Name | None = None
    team: Name | None = None
    tier: Name | None = None
    tags: Annotated[dict[Name, Name] | None, Field(max_length=50)] = None
    uncached_input_tokens: Count = 0
    cache_read_input_tokens: Count = 0
    cache_creation_5m_input_tokens: Count = 0
    cache_creation_1h_input_tokens: Count = 0
    output_tokens: Count = 0
    requests: Count = 1
    cost_usd: Annotated[str | None, StringConstraints(pattern=r"^\d{1,9}(\.\d{1,12})?$")] = None


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
    """The Standard Webhooks signature by any of the secrets; raises PushRefused with 401."""
    for secret in secrets:
        try:
            Webhook(secret).verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            continue
        return
    raise PushRefused("the signature does not match, or its time is off by five minutes", 401)


def read_rows(body: bytes, now: datetime) -> list[UsageRow]:
    """The rows of a call. One bad row refuses all of them, with its index and what is wrong."""
    try:
        document = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise PushRefused("the body is not JSON") from None
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise PushRefused('the body must be {"rows": [...]}')
    if len(rows) > MOST_ROWS:
        raise PushRefused(f"at most {MOST_ROWS:,} rows a call, not {len(rows):,}", 413)
    return [_read(index, row, now) for index, row in enumerate(rows)]


def _read(index: int, raw: Any, now: datetime) -> UsageRow:
    if isinstance(raw, dict) and isinstance(raw.get("cost_usd"), int | Decimal):
        raw = {**raw, "cost_usd": format(Decimal(raw["cost_usd"]), "f")}
    try:
        row = _Row.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise PushRefused(f"rows[{index}].{field}: {first['msg']}") from None
    if row.at > now + AHEAD:
        raise PushRefused(f"rows[{index}].at: lies in the future")
    tokens = Tokens(
        row.uncached_input_tokens,
        row.cache_read_input_tokens,
        row.cache_creation_5m_input_tokens,
        row.cache_creation_1h_input_tokens,
        row.output_tokens,
    )
    cost, estimated = _cost(index, row, tokens)
    starts_at = row.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return UsageRow(
        source=row.source,
        starts_at=starts_at,
        ends_at=starts_at + HOUR,
        workspace_id=row.workspace_id,
        api_key_id=row.api_key_id,
        actor=_actor(row.actor),
        model=row.model,
        product=None,
        net=cost,
        list=cost,
        tokens=tokens,
        requests=row.requests,
        service_tier=row.tier,
        team=row.team,
        tags=tuple(sorted((row.tags or {}).items())),
        row_id=row.id,
        estimated=estimated,
    )


def _cost(index: int, row: _Row, tokens: Tokens) -> tuple[Micros, bool]:
    """What the gateway says it cost; else our price for the tokens, as an estimate."""
    if row.cost_usd is not None:
        return micros(row.cost_usd), False
    priced = price(row.model, tokens, row.at, tier=row.tier) if row.model else None
    if priced is None:
        known = f"no price is known for model {row.model!r}" if row.model else "no model is named"
        raise PushRefused(f"rows[{index}].cost_usd: is missing, and {known}")
    return priced, True


def _actor(name: str | None) -> Actor | None:
    if name is None:
        return None
    return Actor("user_actor", name, email=name if "@" in name else None)
