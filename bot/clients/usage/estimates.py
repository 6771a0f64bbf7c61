"""The older usage report's tokens by hour and dimensions, and the rows of what is not billed yet."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.clients.usage.counts import add_tokens, read_tokens
from bot.clients.usage.errors import SourceDataError
from bot.clients.usage.usage_report_answers import Result
from bot.clients.usage.windows import HOUR
from bot.domain.effective_rates import EffectiveRates, RateKey, rate_key, round_cost
from bot.domain.money import ZERO, Micros
from bot.domain.usage import Tokens, UsageRow

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
MOST_MICROS = 10**18  # more than any invoice; beyond it the ledger's integers would overflow


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Everything that tells two results of one bucket apart."""

    api_key_id: str | None
    workspace_id: str | None
    model: str | None
    service_tier: str | None
    context_window: str | None
    inference_geo: str | None

    def rate_key(self) -> RateKey:
        return rate_key(self.model, self.service_tier, self.context_window, self.inference_geo)


Key = tuple[datetime, Dimensions]


@dataclass(slots=True)
class Used:
    tokens: Tokens = field(default_factory=Tokens)
    web_searches: int = 0

    def __bool__(self) -> bool:
        return bool(self.tokens.total or self.web_searches)


@dataclass(frozen=True, slots=True)
class Estimated:
    """Rows, and how many of each model have tokens but no known price."""

    rows: tuple[UsageRow, ...]
    unpriced: Mapping[str, int]


def sum_results(used: dict[Key, Used], starts_at: datetime, results: Iterable[Result]) -> None:
    """Adds the results of a bucket: equal keys are summed first, then priced and rounded once."""
    for result in results:
        dimensions = Dimensions(
            api_key_id=result.api_key_id,
            workspace_id=result.workspace_id,
            model=result.model,
            service_tier=result.service_tier,
            context_window=result.context_window,
            inference_geo=result.inference_geo,
        )
        entry = used.setdefault((starts_at, dimensions), Used())
        entry.tokens = add_tokens(entry.tokens, read_tokens(result))
        entry.web_searches += result.server_tool_use.web_search_requests


def estimate_rows(source: str, used: Mapping[Key, Used], rates: EffectiveRates) -> Estimated:
    """One row per key. What has no known price has no money, but keeps its tokens."""
    unpriced: Counter[str] = Counter()
    rows: list[UsageRow] = []
    for key in sorted(used, key=repr):
        (hour, dimensions), entry = key, used[key]
        cost = rates.cost(dimensions.rate_key(), entry.tokens, hour, entry.web_searches)
        if cost is None:
            unpriced[dimensions.model or NO_MODEL] += 1
        net, gross = (ZERO, ZERO) if cost is None else round_cost(cost)
        rows.append(make_row(source, key, entry.tokens, net, gross, estimated=True))
    return Estimated(tuple(rows), unpriced)


def make_row(
    source: str, key: Key, tokens: Tokens, net: Micros, gross: Micros, *, estimated: bool
) -> UsageRow:
    """The two dimensions that a row has no field for are kept as its tags."""
    hour, dimensions = key
    if max(net, gross) > MOST_MICROS:
        raise SourceDataError(f"tokens of {dimensions.model} at {hour:%FT%TZ} cost too much")
    tags = (
        ("context_window", dimensions.context_window),
        ("inference_geo", dimensions.inference_geo),
    )
    return UsageRow(
        source=source,
        starts_at=hour,
        ends_at=hour + HOUR,
        workspace_id=dimensions.workspace_id,
        api_key_id=dimensions.api_key_id,
        actor=None,
        model=dimensions.model,
        product=None,
        net=net,
        list=gross,
        tokens=tokens,
        requests=0,  # the report does not count them
        service_tier=dimensions.service_tier,
        tags=tuple((name, value) for name, value in tags if value is not None),
        estimated=estimated,
    )
