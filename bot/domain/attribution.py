"""Attribution: which budget a usage row lands on. The first rule in file order that matches gets it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from bot.domain.money import Micros
from bot.domain.usage import Directory, Tokens, UsageRow


@dataclass(frozen=True, slots=True)
class Match:
    """Everything that is named must hold; globs are lower-cased `fnmatch` patterns."""

    workspace: str | None = None  # id or name, may be a glob
    workspace_tags: tuple[tuple[str, str], ...] = ()
    api_key: str | None = None  # id or name, may be a glob
    actor: str | None = None  # e-mail, id, or name in the directory, may be a glob
    model: str | None = None
    product: str | None = None
    tier: str | None = None  # service tier: standard, batch, priority …
    team: str | None = None  # as a gateway knows it, may be a glob
    tags: tuple[tuple[str, str], ...] = ()  # of the request; values may be globs

    def holds(self, row: UsageRow, names: Directory) -> bool:
        return (
            (self.workspace is None or _any(self.workspace, _workspace(row, names)))
            and self._tagged(row, names)
            and (self.api_key is None or _any(self.api_key, _api_key(row, names)))
            and (self.actor is None or _any(self.actor, _actor(row, names)))
            and (self.model is None or _any(self.model, (row.model,)))
            and (self.product is None or _any(self.product, (row.product,)))
            and (self.tier is None or _any(self.tier, (row.service_tier,)))
            and (self.team is None or _any(self.team, (row.team,)))
            and all(_any(value, (dict(row.tags).get(name),)) for name, value in self.tags)
        )

    def _tagged(self, row: UsageRow, names: Directory) -> bool:
        if not self.workspace_tags:
            return True
        workspace = names.workspaces.get(row.workspace_id or "")
        return workspace is not None and all(
            workspace.tags.get(key) == value for key, value in self.workspace_tags
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """Where rows that match go: shares in basis points, which sum to 10,000."""

    match: Match
    shares: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Charge:
    """A usage row, or a share of one, that lands on a budget."""

    budget: str
    row: UsageRow
    net: Micros
    list: Micros


def attribute(
    rows: Iterable[UsageRow], rules: Sequence[Rule], names: Directory, otherwise: str
) -> list[Charge]:
    """Every row lands somewhere: what no rule claims goes to `otherwise`."""
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
            rule = next((rule for rule in rules if rule.match.holds(row, names)), None)
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


def _divide(row: UsageRow, shares: tuple[tuple[str, int], ...]) -> Iterable[Charge]:
    """Dollars, tokens and requests alike: what is summed over all the budgets was used once."""
    if len(shares) == 1:
        return (Charge(shares[0][0], row, row.net, row.list),)
    weights = [share for _, share in shares]
    tokens = row.tokens
    parts = zip(
        divide(row.net, weights),
        divide(row.list, weights),
        divide(tokens.uncached_input, weights),
        divide(tokens.cache_read, weights),
        divide(tokens.cache_creation_5m, weights),
        divide(tokens.cache_creation_1h, weights),
        divide(tokens.output, weights),
        divide(row.requests, weights),
        strict=True,
    )
    return [
        Charge(
            budget,
            replace(
                row, net=Micros(net), list=Micros(gross), tokens=Tokens(*counts), requests=requests
            ),
            Micros(net),
            Micros(gross),
        )
        for (budget, _), (net, gross, *counts, requests) in zip(shares, parts, strict=True)
    ]


def _any(pattern: str, values: Iterable[str | None]) -> bool:
    wanted = pattern.lower()
    return any(value is not None and fnmatchcase(value.lower(), wanted) for value in values)


def _workspace(row: UsageRow, names: Directory) -> tuple[str | None, ...]:
    known = names.workspaces.get(row.workspace_id or "")
    return (row.workspace_id, known.name if known else None)


def _api_key(row: UsageRow, names: Directory) -> tuple[str | None, ...]:
    known = names.api_keys.get(row.api_key_id or "")
    return (row.api_key_id, known.name if known else None)


def _actor(row: UsageRow, names: Directory) -> tuple[str | None, ...]:
    """
    Id, e-mail and name, in the row and as remembered: a deleted user's rows say neither any more.

    A name in the row is no identity, and one that looks like an address never passes for one:
    people choose their own.
    """
    if row.actor is None:
        return ()
    known = names.actors.get(row.actor.id)
    key = names.api_keys.get(row.actor.id)  # usage that nobody is named for is the key's
    name = known.name if known and "@" not in known.name else None
    return (
        row.actor.id,
        row.actor.email,
        known.email if known else None,
        name,
        key.name if key else None,
    )
