"""The LiteLLM double's table of daily team spend, and the answer it makes of a page of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

Body = dict[str, object]
_COUNTS = (
    "prompt_tokens",
    "completion_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "total_tokens",
    "successful_requests",
    "failed_requests",
    "api_requests",
)


@dataclass(slots=True)
class Metrics:
    spend: float = 0.0  # LiteLLM sums floats
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))

    def add(self, other: "Metrics") -> None:
        self.spend += other.spend
        for name, count in other.counts.items():
            self.counts[name] += count

    def show(self) -> Body:
        return {"spend": self.spend, **self.counts}


@dataclass(frozen=True, slots=True)
class Key:
    """A virtual key, by its hash."""

    id: str
    alias: str | None
    team_id: str | None
    user_id: str | None

    def show(self) -> Body:
        return {"key_alias": self.alias, "team_id": self.team_id, "user_id": self.user_id}


@dataclass(slots=True)
class Row:
    """One row of the table: a team's day with a model, a key and a provider."""

    team_id: str
    on: date
    model: str
    key: Key
    metrics: Metrics = field(default_factory=Metrics)


def show_page(rows: Sequence[Row], page: int, page_size: int) -> Body:
    """Grouped by day; the other breakdowns hold the same spend once more."""
    shown = rows[(page - 1) * page_size : page * page_size]
    total = Metrics()
    for row in shown:
        total.add(row.metrics)
    pages = -(-len(rows) // page_size)
    return {
        "results": [
            _show_day(on, [row for row in shown if row.on == on])
            for on in sorted({row.on for row in shown}, reverse=True)
        ],
        "metadata": {
            **{f"total_{name.removeprefix('total_')}": n for name, n in total.counts.items()},
            "total_spend": total.spend,
            "page": page,
            "total_pages": pages,
            "has_more": page < pages,
        },
    }


def _show_day(on: date, rows: Sequence[Row]) -> Body:
    return {
        "date": on.isoformat(),
        "metrics": _sum(rows).show(),
        "breakdown": {
            "models": _by_model(rows),
            "model_groups": _by_model(rows),
            "providers": {"anthropic": {"metrics": _sum(rows).show()}},
            "api_keys": _by_key(rows),
            "entities": {
                team: {"metrics": _sum([row for row in rows if row.team_id == team]).show()}
                for team in sorted({row.team_id for row in rows})
            },
        },
    }


def _by_model(rows: Sequence[Row]) -> Body:
    shown: Body = {}
    # a row without a model is in the day's total alone
    for model in sorted({row.model for row in rows} - {""}):
        of_model = [row for row in rows if row.model == model]
        shown[model] = {
            "metrics": _sum(of_model).show(),
            "metadata": {},
            "api_key_breakdown": _by_key(of_model),
        }
    return shown


def _by_key(rows: Sequence[Row]) -> Body:
    keys = {row.key.id: row.key for row in rows}
    return {
        id_: {
            "metrics": _sum([row for row in rows if row.key.id == id_]).show(),
            "metadata": key.show(),
        }
        for id_, key in keys.items()
    }


def _sum(rows: Sequence[Row]) -> Metrics:
    total = Metrics()
    for row in rows:
        total.add(row.metrics)
    return total
