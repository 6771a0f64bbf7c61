"""Divides dollars that come without a person among the people who used what they paid for."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta

from bot.domain.attribution import divide_row
from bot.domain.rules import Match
from bot.domain.usage import Actor, Directory, PersonShare, Tokens, UsageRow

NOBODY = ""  # the person of a share that a key used, and nobody is named for
EARLIER_DAYS = 3  # how far back shares count for a day that has none yet
# What is nobody's after a division carries this tag, so that it is not divided again.
NOBODYS_TAG = ("claude_code_person", "nobody")
_UNNAMED = "api_actor"  # the key itself, where nobody is named
_NOTHING = Tokens()


@dataclass(frozen=True, slots=True)
class SharedUsage:
    """Where people share keys: in a workspace or with a product, either one is enough."""

    workspace: str | None = "Claude Code"  # id or name, may be a glob
    product: str | None = "claude_code"

    def holds(self, row: UsageRow, names: Directory) -> bool:
        return (
            self.workspace is not None and Match(workspace=self.workspace).holds(row, names)
        ) or (self.product is not None and Match(product=self.product).holds(row, names))


def divide_among_people(
    rows: Iterable[UsageRow],
    shares: Collection[PersonShare],
    names: Directory,
    where: SharedUsage,
) -> list[UsageRow]:
    """
    The rows, with those of shared keys as one for each person: by the weights of the same UTC day
    and model, else of the day over all models, else of that model on the newest of the 3 days before.

    Dollars, tokens and requests sum to the same, exactly. A row that names a person or a service
    account stays, and so does one for whose day nothing is known. A part without any of the three
    is left out. Doing it again changes nothing.
    """
    weights = _Weights(shares)
    divided: list[UsageRow] = []
    for row in rows:
        found = weights.of(row) if _is_unnamed(row) and where.holds(row, names) else {}
        divided += _divide(row, found) if found else (row,)
    return divided


class _Weights:
    """What each person's weight is; nobody's comes last, so that an odd micro-dollar is a person's."""

    def __init__(self, shares: Iterable[PersonShare]) -> None:
        by_model: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        by_day: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        ordered = sorted(shares, key=lambda share: (share.person == NOBODY, share.person))
        for share in ordered:
            if share.weight > 0:
                by_model[share.day, share.model][share.person] += share.weight
                by_day[share.day][share.person] += share.weight
        self._by_model = dict(by_model)
        self._by_day = dict(by_day)

    def of(self, row: UsageRow) -> Mapping[str, int]:
        """Empty when nothing is known."""
        day, model = row.starts_at.astimezone(UTC).date(), row.model or ""
        earlier = (day - timedelta(days=days) for days in range(1, EARLIER_DAYS + 1))
        return (
            self._by_model.get((day, model))
            or self._by_day.get(day)
            or next((self._by_model[d, model] for d in earlier if (d, model) in self._by_model), {})
        )


def _is_unnamed(row: UsageRow) -> bool:
    return (row.actor is None or row.actor.kind == _UNNAMED) and NOBODYS_TAG not in row.tags


def _divide(row: UsageRow, weights: Mapping[str, int]) -> list[UsageRow]:
    parts = zip(weights, divide_row(row, list(weights.values())), strict=True)
    return [_give(part, person) for person, part in parts if not _is_empty(part)] or [row]


def _give(part: UsageRow, person: str) -> UsageRow:
    if person == NOBODY:
        return replace(part, tags=tuple(sorted((*part.tags, NOBODYS_TAG))))
    return replace(part, actor=Actor("user_actor", person, person))


def _is_empty(row: UsageRow) -> bool:
    return not (row.net or row.list or row.requests) and row.tokens == _NOTHING
