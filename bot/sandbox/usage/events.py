"""Spend events: what was used, when, by whom, and from when on the API knows of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from bot.domain.usage import Tokens
from bot.sandbox.usage.dimensions import FILTERS, TOKEN_TYPES
from bot.sandbox.usage.organization import Organization

# Relative prices of the token types, in their order: only the proportions of a split hang on them.
_WEIGHTS = (Decimal(1), Decimal(5), Decimal("0.05"), Decimal("1.25"), Decimal(2))


@dataclass(frozen=True, slots=True)
class SpendEvent:
    """`cents` is None for usage that costs nothing and has no cost row, such as refused requests."""

    id: str
    at: datetime
    cents: Decimal | None
    list_cents: Decimal | None
    tokens: Tokens
    requests: int
    web_searches: int
    cost_type: str
    visible_at: datetime | None
    actor: str | None  # `user:…`, `service:…`, `federated:…`, `key:…` or `unrenderable:…`
    dimensions: Mapping[str, str | None]

    def shown(self, horizon: datetime, refreshed_at: datetime) -> bool:
        """Late data shows at its own time; everything else once the data has caught up with it."""
        if self.visible_at is not None:
            return self.visible_at <= horizon
        return self.at <= refreshed_at

    def token_counts(self) -> tuple[int, ...]:
        """In the order of `TOKEN_TYPES`."""
        return (
            self.tokens.uncached_input,
            self.tokens.output,
            self.tokens.cache_read,
            self.tokens.cache_creation_5m,
            self.tokens.cache_creation_1h,
        )


def describe_actor(actor: str | None, organization: Organization) -> dict[str, object] | None:
    kind, _, id_ = (actor or "").partition(":")
    match kind:
        case "user":
            return organization.users[id_].actor()
        case "service":
            return {"type": "service_account_actor", "service_account_id": id_}
        case "federated":
            provider = {"type": "oidc", "issuer": "https://idp.example.com"}
            return {"type": "federated_actor", "provider": provider, "subject": id_}
        case "key":
            return {"type": "api_actor", "api_key_id": id_}
        case _:
            return None  # nobody to name, or an identity the server cannot render


def read_dimension(event: SpendEvent, name: str, organization: Organization) -> str | None:
    """The value to group by; distinct identities that cannot be rendered stay distinct."""
    if name == "actor":
        return event.actor
    if name == "actor_type":
        described = describe_actor(event.actor, organization)
        return str(described["type"]) if described else None
    return event.dimensions.get(name)


def spread_groups(event: SpendEvent, organization: Organization) -> Iterator[SpendEvent]:
    """A person in two RBAC groups counts fully in both, so these rows overlap."""
    kind, _, id_ = (event.actor or "").partition(":")
    groups = organization.users[id_].groups if kind == "user" else ()
    for group in groups or (None,):
        yield replace(event, dimensions={**event.dimensions, "rbac_group_id": group})


def passes(
    event: SpendEvent, filters: Mapping[str, tuple[str, ...]], organization: Organization
) -> bool:
    for name, wanted in filters.items():
        filter_ = FILTERS[name]
        value = read_dimension(event, filter_.dimension, organization)
        if filter_.dimension == "actor":
            value = value.partition(":")[2] if value else None
        if name == "rbac_group_ids":
            kind, _, id_ = (event.actor or "").partition(":")
            groups = organization.users[id_].groups if kind == "user" else ()
            matched = any(group in wanted for group in groups)
        else:
            matched = (filter_.unset in wanted) if value is None else value in wanted
        if not matched:
            return False
    return True


def split_cost(amount: Decimal, event: SpendEvent) -> dict[str, Decimal]:
    """An event's cost over its token types; the last type takes the remainder, so the sum is exact."""
    weights = {
        name: count * weight
        for name, count, weight in zip(TOKEN_TYPES, event.token_counts(), _WEIGHTS, strict=True)
        if count
    } or {TOKEN_TYPES[0]: Decimal(1)}
    total = sum(weights.values())
    parts: dict[str, Decimal] = {}
    for name, weight in weights.items():
        parts[name] = (amount * weight / total).quantize(Decimal("0.000001"))
    last = next(reversed(parts))
    parts[last] += amount - sum(parts.values())
    return parts
