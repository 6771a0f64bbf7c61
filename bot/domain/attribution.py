"""Attribution: which budget a usage row lands on. The first rule in file order that matches gets it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.domain.money import Micros
from bot.domain.rules import Rule, Rules
from bot.domain.usage import Directory, Tokens, UsageRow


@dataclass(frozen=True, slots=True)
class Charge:
    """A usage row, or a share of one, that lands on a budget."""

    budget: str
    row: UsageRow
    net: Micros
    list: Micros


def attribute(
    rows: Iterable[UsageRow], rules: Rules | Sequence[Rule], names: Directory, otherwise: str
) -> list[Charge]:
    """Every row lands somewhere: what no rule claims goes to `otherwise`."""
    found = rules if isinstance(rules, Rules) else Rules(rules)
    charges: list[Charge] = []
    seen: dict[object, tuple[tuple[str, int], ...]] = {}
    for row in rows:
        dimensions = (
            row.workspace_id,
            row.api_key_id,
            row.actor,
            row.model,
            row.product,
            row.service_tier,
            row.team,
            row.tags,
        )
        if dimensions not in seen:
            # The same few combinations come in every hour: match each once.
            rule = found.first(row, names)
            seen[dimensions] = rule.shares if rule else ((otherwise, 10_000),)
        charges += _divide(row, seen[dimensions])
    return charges


def divide(amount: int, shares: Sequence[int]) -> list[int]:
    """Shares of an amount that sum to it exactly: the largest remainders get what is left over."""
    whole = sum(shares)
    parts = [amount * share // whole for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (-(amount * shares[i] % whole), i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def divide_row(row: UsageRow, shares: Sequence[int]) -> list[UsageRow]:
    """Dollars, tokens and requests alike: what is summed over all the shares was used once."""
    tokens = row.tokens
    parts = zip(
        divide(row.net, shares),
        divide(row.list, shares),
        divide(tokens.uncached_input, shares),
        divide(tokens.cache_read, shares),
        divide(tokens.cache_creation_5m, shares),
        divide(tokens.cache_creation_1h, shares),
        divide(tokens.output, shares),
        divide(row.requests, shares),
        strict=True,
    )
    return [
        replace(row, net=Micros(net), list=Micros(gross), tokens=Tokens(*counts), requests=requests)
        for net, gross, *counts, requests in parts
    ]


def _divide(row: UsageRow, shares: tuple[tuple[str, int], ...]) -> Iterable[Charge]:
    if len(shares) == 1:
        return (Charge(shares[0][0], row, row.net, row.list),)
    parts = divide_row(row, [share for _, share in shares])
    return [
        Charge(budget, part, part.net, part.list)
        for (budget, _), part in zip(shares, parts, strict=True)
    ]
