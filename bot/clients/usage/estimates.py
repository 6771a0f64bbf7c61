"""Turns the older report's tokens into usage rows with an estimated price."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.clients.usage.errors import SourceDataError
from bot.clients.usage.rows import BUCKET
from bot.clients.usage.usage_report_answers import Bucket, Result
from bot.domain.money import ZERO, Micros
from bot.domain.pricing import price
from bot.domain.usage import Tokens, UsageRow, Window

# All that is grouped by: a dimension that is missing from the key would merge what is priced apart.
GROUPS = (
    "api_key_id",
    "workspace_id",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
)
NO_MODEL = "(no model)"
_LONG = "200k-1M"
_SHORTEST_LONG = 200_001  # tokens, of a prompt in the window above


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Everything that tells two results of one hour apart."""

    api_key_id: str | None
    workspace_id: str | None
    model: str | None
    service_tier: str | None
    context_window: str | None
    inference_geo: str | None


Key = tuple[datetime, Dimensions]


@dataclass(slots=True)
class _Summed:
    tokens: Tokens = field(default_factory=Tokens)
    web_searches: int = 0


@dataclass(frozen=True, slots=True)
class Estimated:
    """Rows, and how many of each model have tokens but no known price."""

    rows: tuple[UsageRow, ...]
    unpriced: Mapping[str, int]


def estimate_rows(source: str, window: Window, buckets: Iterable[Bucket]) -> Estimated:
    """One row per key: equal keys are summed first, then priced and rounded once."""
    summed: dict[Key, _Summed] = {}
    for number, bucket in enumerate(buckets):
        starts_at = _check_hour(bucket, window, f"bucket {number}")
        for result in bucket.results:
            key = (starts_at, _read_dimensions(result))
            entry = summed.setdefault(key, _Summed())
            entry.tokens = _add(entry.tokens, result)
            entry.web_searches += result.server_tool_use.web_search_requests
    unpriced: Counter[str] = Counter()
    rows: list[UsageRow] = []
    for key in sorted(summed, key=repr):
        amount = _price(key, summed[key])
        if amount is None:
            unpriced[key[1].model or NO_MODEL] += 1
        rows.append(_row(source, key, summed[key].tokens, amount or ZERO))
    return Estimated(tuple(rows), unpriced)


def _check_hour(bucket: Bucket, window: Window, where: str) -> datetime:
    starts_at, ends_at = bucket.starting_at.astimezone(UTC), bucket.ending_at.astimezone(UTC)
    if not window.starts_at <= starts_at < ends_at <= window.ends_at:
        raise SourceDataError(f"{where}: starting_at {starts_at:%FT%TZ} is outside the window")
    if ends_at - starts_at != BUCKET:
        raise SourceDataError(f"{where}: ending_at {ends_at:%FT%TZ} is not that of an hour")
    return starts_at


def _read_dimensions(result: Result) -> Dimensions:
    return Dimensions(
        api_key_id=result.api_key_id,
        workspace_id=result.workspace_id,
        model=result.model,
        service_tier=result.service_tier,
        context_window=result.context_window,
        inference_geo=result.inference_geo,
    )


def _add(tokens: Tokens, result: Result) -> Tokens:
    written = result.cache_creation
    return Tokens(
        uncached_input=tokens.uncached_input + result.uncached_input_tokens,
        cache_read=tokens.cache_read + result.cache_read_input_tokens,
        cache_creation_5m=tokens.cache_creation_5m + written.ephemeral_5m_input_tokens,
        cache_creation_1h=tokens.cache_creation_1h + written.ephemeral_1h_input_tokens,
        output=tokens.output + result.output_tokens,
    )


def _price(key: Key, summed: _Summed) -> Micros | None:
    """Prompts of the long window are known to be above every border; of others nothing is known."""
    starts_at, dimensions = key
    if not (summed.tokens.total or summed.web_searches):
        return ZERO
    if dimensions.model is None:
        return None
    return price(
        dimensions.model,
        summed.tokens,
        starts_at,
        tier=dimensions.service_tier,
        geo=dimensions.inference_geo,
        prompt_tokens=_SHORTEST_LONG if dimensions.context_window == _LONG else None,
        web_searches=summed.web_searches,
    )


def _row(source: str, key: Key, tokens: Tokens, amount: Micros) -> UsageRow:
    """The two dimensions that a row has no field for are kept as its tags."""
    starts_at, dimensions = key
    tags = (
        ("context_window", dimensions.context_window),
        ("inference_geo", dimensions.inference_geo),
    )
    return UsageRow(
        source=source,
        starts_at=starts_at,
        ends_at=starts_at + BUCKET,
        workspace_id=dimensions.workspace_id,
        api_key_id=dimensions.api_key_id,
        actor=None,
        model=dimensions.model,
        product=None,
        net=amount,
        list=amount,
        tokens=tokens,
        requests=0,  # the report does not count them
        service_tier=dimensions.service_tier,
        tags=tuple((name, value) for name, value in tags if value is not None),
        estimated=True,
    )
