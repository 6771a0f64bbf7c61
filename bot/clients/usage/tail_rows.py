"""Turns the older report's tokens into rows as the analytics reports would bill them later."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.clients.usage.counts import add_tokens, read_tokens
from bot.clients.usage.errors import SourceDataError
from bot.clients.usage.estimates import MOST_MICROS, NO_MODEL, Estimated, Used
from bot.clients.usage.usage_report_answers import PersonalResult
from bot.clients.usage.windows import HOUR, floor_moment
from bot.domain.effective_rates import Cost, EffectiveRates, RateKey, rate_key, round_cost
from bot.domain.usage import Actor, Tokens, UsageRow


@dataclass(frozen=True, slots=True)
class Row:
    """Everything that tells two rows of the tail apart."""

    hour: datetime
    workspace_id: str | None
    api_key_id: str | None
    actor: Actor | None
    model: str | None


def estimate_tail(
    source: str,
    results: Iterable[tuple[datetime, PersonalResult]],
    rates: EffectiveRates,
    default_workspace: str | None,
) -> Estimated:
    """
    One row for an hour and its dimensions; results come with the start of their bucket.

    Tokens are priced apart by tier, context window and region, added up without rounding, and
    rounded once. The dimensions are those that the billed row will have: the tier is not among
    them, and the product is not known until the bill, so a rule about products claims none of
    this. Neither are requests, which the report does not count.
    """
    used: dict[Row, dict[RateKey, Used]] = {}
    for starts_at, result in results:
        row = Row(
            floor_moment(starts_at),
            result.workspace_id or default_workspace,
            result.api_key_id,
            name_actor(result),
            result.model,
        )
        key = rate_key(
            result.model, result.service_tier, result.context_window, result.inference_geo
        )
        entry = used.setdefault(row, {}).setdefault(key, Used())
        entry.tokens = add_tokens(entry.tokens, read_tokens(result))
        entry.web_searches += result.server_tool_use.web_search_requests
    unpriced: Counter[str] = Counter()
    rows: list[UsageRow] = []
    for row in sorted(used, key=repr):
        cost, tokens = Cost(), Tokens()
        for key, entry in used[row].items():
            part = rates.cost(key, entry.tokens, row.hour, entry.web_searches)
            if part is None:
                unpriced[row.model or NO_MODEL] += 1
            cost += part or Cost()
            tokens = add_tokens(tokens, entry.tokens)
        rows.append(_make(source, row, tokens, cost))
    return Estimated(tuple(rows), unpriced)


def name_actor(result: PersonalResult) -> Actor | None:
    """
    The account, else the service account, else the key, as the analytics reports choose.

    E-mail addresses and names are not in this report, and a federated identity is not told: its
    usage shows as that of its key until the bill names it.
    """
    if result.account_id is not None:
        return Actor("user_actor", result.account_id)
    if result.service_account_id is not None:
        return Actor("service_account_actor", result.service_account_id)
    return None if result.api_key_id is None else Actor("api_actor", result.api_key_id)


def _make(source: str, row: Row, tokens: Tokens, cost: Cost) -> UsageRow:
    net, gross = round_cost(cost)
    if max(net, gross) > MOST_MICROS:
        raise SourceDataError(f"tokens of {row.model} at {row.hour:%FT%TZ} cost too much")
    return UsageRow(
        source=source,
        starts_at=row.hour,
        ends_at=row.hour + HOUR,
        workspace_id=row.workspace_id,
        api_key_id=row.api_key_id,
        actor=row.actor,
        model=row.model,
        product=None,
        net=net,
        list=gross,
        tokens=tokens,
        requests=0,
        estimated=True,
    )
