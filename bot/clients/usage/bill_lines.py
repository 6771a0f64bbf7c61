"""The lines of the older cost report, and how they are divided over what was used."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.clients.usage.billed_rates import KINDS
from bot.clients.usage.estimates import Key, Used
from bot.clients.usage.usage_report_answers import CostResult
from bot.domain.attribution import divide
from bot.domain.effective_rates import SEARCHES, TOKEN_TYPES, RateKey, rate_key
from bot.domain.money import Micros, micros_from_cents


@dataclass(frozen=True, slots=True)
class Line:
    """What an amount of a day is for; `kind` is a token type, web searches or another cost type."""

    workspace_id: str | None
    key: RateKey
    kind: str


Cell = tuple[Key, str]  # a key's tokens of one kind, or its web searches
_Level = Callable[[str | None, RateKey, str], Hashable | None]


@dataclass(frozen=True, slots=True)
class Divided:
    """The share of each cell that is billed, and the lines that nothing was used for."""

    shares: Mapping[Cell, Micros]
    left: Mapping[Line, Micros]


def read_lines(results: Iterable[CostResult]) -> dict[Line, Micros]:
    """The lines of one day: equal ones are added up, then rounded once."""
    cents: dict[Line, Decimal] = defaultdict(Decimal)
    for result in results:
        key = rate_key(
            result.model, result.service_tier, result.context_window, result.inference_geo
        )
        line = Line(result.workspace_id, key, _kind(result))
        cents[line] += Decimal(result.amount)
    return {line: micros_from_cents(str(amount)) for line, amount in cents.items()}


def list_cells(used: Mapping[Key, Used]) -> dict[Cell, int]:
    """How many tokens or searches there are of each key and kind, without those of which none."""
    cells: dict[Cell, int] = {}
    for key, entry in used.items():
        for kind in TOKEN_TYPES:
            cells[key, kind] = getattr(entry.tokens, kind)
        cells[key, SEARCHES] = entry.web_searches
    return {cell: count for cell, count in cells.items() if count}


def divide_lines(cells: Mapping[Cell, int], lines: Mapping[Line, Micros]) -> Divided:
    """
    Divides the lines of a day over that day's cells by their counts, to the micro-dollar.

    Line and cell are matched by everything first. The two reports need not name everything alike,
    and a line beside tokens that it is the bill for would be counted twice: so what is left over
    on both sides is matched by less and less.
    """
    shares: dict[Cell, Micros] = {}
    open_cells, open_lines = dict(cells), dict(lines)
    for level in _LEVELS:
        of_cells: dict[Hashable, list[Cell]] = defaultdict(list)
        for cell in open_cells:
            (_, dimensions), kind = cell
            if (group := level(dimensions.workspace_id, dimensions.rate_key(), kind)) is not None:
                of_cells[group].append(cell)
        of_lines: dict[Hashable, list[Line]] = defaultdict(list)
        for line in open_lines:
            if (group := level(line.workspace_id, line.key, line.kind)) in of_cells:
                of_lines[group].append(line)
        for group, matched in of_lines.items():
            amount = sum(open_lines.pop(line) for line in matched)
            found = of_cells[group]
            parts = divide(amount, [open_cells.pop(cell) for cell in found])
            shares |= {cell: Micros(part) for cell, part in zip(found, parts, strict=True)}
    return Divided(shares, open_lines)


def _kind(result: CostResult) -> str:
    if result.cost_type == "web_search":
        return SEARCHES
    if result.token_type is not None:
        return KINDS.get(result.token_type, result.token_type)
    return result.cost_type or "other"


def _exact(workspace: str | None, key: RateKey, kind: str) -> Hashable:
    return (workspace, key, kind)


def _tier(workspace: str | None, key: RateKey, kind: str) -> Hashable:
    return (workspace, key.model, key.service_tier, kind)


def _model(workspace: str | None, key: RateKey, kind: str) -> Hashable | None:
    """Tokens of Priority Tier are in no line, so no other tier's line is theirs."""
    if (key.service_tier or "").startswith("priority"):
        return None
    return (workspace, key.model, kind)


def _searches(workspace: str | None, key: RateKey, kind: str) -> Hashable | None:  # noqa: ARG001
    """Lines of searches name no model."""
    return (workspace, kind) if kind == SEARCHES else None


_LEVELS: tuple[_Level, ...] = (_exact, _tier, _model, _searches)
