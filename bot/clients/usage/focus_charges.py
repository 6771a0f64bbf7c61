"""A line of FOCUS 1.2 or 1.3: what was used, by whom, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from bot.clients.usage.focus_cells import (
    HOUR,
    BadCell,
    Cells,
    count,
    hour_of,
    json_object,
    moment,
    money,
    number,
    required,
    tokens_a_unit,
)
from bot.domain.money import Micros, micros
from bot.domain.usage import Actor, Tokens

MARK = "ChargePeriodStart"  # whoever has this column means FOCUS
NEEDED = (MARK, "ChargePeriodEnd", "ChargeCategory", "BillingCurrency")
COSTS = ("EffectiveCost", "BilledCost")
_USER_TAGS = ("user_id", "user_email", "user")


@dataclass(frozen=True, slots=True)
class Used:
    """What a line says, its money not yet rounded."""

    starts_at: datetime
    ends_at: datetime
    net: Decimal
    list: Decimal
    workspace_id: str | None = None
    workspace_name: str | None = None
    api_key_id: str | None = None
    actor: Actor | None = None
    model: str | None = None
    product: str | None = None
    service_tier: str | None = None
    team: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    tokens: Tokens = Tokens()  # noqa: RUF009 frozen
    requests: int = 0


@dataclass(frozen=True, slots=True)
class NotUsage:
    """A charge that is no usage: a purchase, a credit, a tax. Real files have them."""

    line: int
    category: str
    net: Micros


def missing(columns: Sequence[str]) -> list[str]:
    """FOCUS columns that are needed and not there."""
    absent = [name for name in NEEDED if name not in columns]
    return absent if any(name in columns for name in COSTS) else [*absent, " or ".join(COSTS)]


def version(columns: Sequence[str]) -> str:
    """1.3 put ServiceProviderName in the place of ProviderName."""
    return "1.3" if "ServiceProviderName" in columns else "1.2"


def read(line: int, cells: Cells) -> Used | NotUsage:
    """
    The usage of a line. Only dollars: there is no honest rate to turn other money into them.

    A charge over several hours or days stays whole at its start, because where in it the money
    was spent is not known. Corrections are usage with a negative amount, and count.
    """
    currency = required(cells, "BillingCurrency")
    if currency.upper() != "USD":
        raise BadCell("BillingCurrency", f"{currency[:20]!r} is not USD")
    net = _cost(cells)
    category = required(cells, "ChargeCategory")
    if category.lower() != "usage":
        return NotUsage(line, category[:40], micros(net))
    starts_at, ends_at = _period(cells)
    tags, sku = json_object(cells, "Tags"), json_object(cells, "SkuPriceDetails")
    gross = _list_cost(cells)
    model = cells.get("x_Model") or sku.get("x_Model") or sku.get("model") or cells.get("SkuId")
    return Used(
        starts_at=starts_at,
        ends_at=ends_at,
        net=net,
        list=net if gross is None else gross,
        workspace_id=cells.get("SubAccountId") or cells.get("SubAccountName"),
        workspace_name=cells.get("SubAccountName"),
        api_key_id=_api_key(cells, tags),
        actor=_actor(tags),
        model=model,
        product=cells.get("ServiceName"),
        service_tier=cells.get("x_ServiceTier") or sku.get("x_ServiceTier"),
        team=tags.get("team") or tags.get("team_id"),
        tags=tuple(sorted(tags.items())),
        tokens=_tokens(cells, sku),
        requests=_requests(cells),
    )


def _period(cells: Cells) -> tuple[datetime, datetime]:
    starts_at = hour_of(moment(cells, MARK, UTC), UTC)
    end = moment(cells, "ChargePeriodEnd", UTC)
    ends_at = hour_of(end, UTC)
    ends_at = ends_at if ends_at == end else ends_at + HOUR
    if ends_at <= starts_at:
        raise BadCell("ChargePeriodEnd", f"not after {MARK}")
    return starts_at, ends_at


def _cost(cells: Cells) -> Decimal:
    for column in COSTS:
        amount = money(cells, column)
        if amount is not None:
            return amount
    raise BadCell(" or ".join(COSTS), "is empty")


def _list_cost(cells: Cells) -> Decimal | None:
    cost = money(cells, "ListCost")
    price, quantity = number(cells, "ListUnitPrice"), number(cells, "PricingQuantity")
    if cost is not None or price is None or quantity is None:
        return cost
    return money({"ListUnitPrice": str(price * quantity)}, "ListUnitPrice")


def _api_key(cells: Cells, tags: dict[str, str]) -> str | None:
    if "key" in cells.get("ResourceType", "").lower():
        return cells.get("ResourceId")
    return cells.get("x_ApiKeyId") or tags.get("api_key_id")


def _actor(tags: dict[str, str]) -> Actor | None:
    found = next((tags[name] for name in _USER_TAGS if tags.get(name)), None)
    if found is None:
        return None
    return Actor("user", found, email=tags.get("user_email") or (found if "@" in found else None))


def _tokens(cells: Cells, sku: dict[str, str]) -> Tokens:
    scale = tokens_a_unit(cells.get("ConsumedUnit", ""))
    if scale is None:
        return Tokens()
    amount = (number(cells, "ConsumedQuantity") or Decimal(0)) * scale
    used = count({"ConsumedQuantity": f"{amount:f}"[:60]}, "ConsumedQuantity")
    kind = cells.get("x_TokenType") or sku.get("x_TokenType") or cells.get("SkuMeter") or ""
    life = cells.get("x_CacheTtl") or sku.get("x_CacheTtl") or kind
    return _bucket(kind.lower(), life.lower(), used)


def _bucket(kind: str, life: str, used: int) -> Tokens:
    """Tokens of a kind nobody names are counted as input, so that the total is right."""
    if "cache" in kind and ("read" in kind or "hit" in kind):
        return Tokens(cache_read=used)
    if "cache" in kind and ("writ" in kind or "creat" in kind):
        an_hour = any(word in life for word in ("1h", "1 h", "3600", "60m", "pt1h"))
        return Tokens(cache_creation_1h=used) if an_hour else Tokens(cache_creation_5m=used)
    if "output" in kind or "completion" in kind:
        return Tokens(output=used)
    return Tokens(uncached_input=used)


def _requests(cells: Cells) -> int:
    unit = cells.get("ConsumedUnit", "").lower()
    return count(cells, "ConsumedQuantity") if unit in {"request", "requests"} else 0
