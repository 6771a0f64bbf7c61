"""Rate limits of the organization behind the double, and what its workspaces override."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.sandbox.usage.query import ApiError, invalid, read_limit

GROUP_TYPES = ("batch", "files", "model_group", "skills", "token_count", "web_search")
TYPES = (
    "fast_itpmca",
    "fast_otpm",
    "input_tokens_per_minute",
    "input_tokens_per_minute_cache_aware",
    "output_tokens_per_minute",
    "requests_per_minute",
    "tokens_per_day",
    "tokens_per_minute",
    "tool_uses_per_second",
)
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One group of models and what the organization may use of it."""

    id: str
    display_name: str
    models: tuple[str, ...] | None
    limits: Mapping[str, int]
    type: str = "model_group"

    def group(self) -> dict[str, object]:
        """Only groups of models have a name."""
        name = {"display_name": self.display_name} if self.type == "model_group" else {}
        return {"type": self.type, "id": f"rlg_{self.id.removeprefix('rl_')}", **name}


@dataclass(slots=True)
class RateLimits:
    groups: dict[str, RateLimit] = field(default_factory=dict)
    overrides: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    fewer: int | None = None  # fewer than that on a page make many pages out of few groups

    def add(self, name: str, limits: Mapping[str, int], type_: str = "model_group") -> str:
        id_ = f"rl_01{len(self.groups):04d}"
        models = (f"claude-{name}",) if type_ == "model_group" else None
        self.groups[id_] = RateLimit(id_, f"Claude {name}", models, dict(limits), type_)
        return id_

    def list_(self, workspace: str, pairs: Pairs) -> dict[str, object]:
        single = _read(pairs, ("group_type", "include_inherited", "limit", "page"))
        kind = single.get("group_type")
        if kind is not None and kind not in GROUP_TYPES:
            raise invalid(f"group_type: Input should be one of {', '.join(GROUP_TYPES)}")
        inherited = single.get("include_inherited") == "true"
        shown = [
            entry
            for group in self.groups.values()
            if kind in (None, group.type)
            and (entry := self._entry(workspace, group, inherited))["limits"]
        ]
        start = int(single.get("page", "page_0").removeprefix("page_"))
        limit = read_limit(single["limit"]) if "limit" in single else len(shown) or 1
        limit = min(limit, self.fewer or limit)
        more = start + limit < len(shown)
        next_page = f"page_{start + limit}" if more else None
        return {"data": shown[start : start + limit], "next_page": next_page}

    def update(self, workspace: str, id_: str, body: Mapping[str, object]) -> dict[str, object]:
        group = self.groups.get(id_)
        if group is None:
            raise ApiError(404, "not_found_error", f"no rate limit {id_}")
        limits = body.get("limits")
        if set(body) != {"limits"} or not isinstance(limits, list) or not 1 <= len(limits) <= 16:
            raise invalid("limits: List should have between 1 and 16 items")
        changes = dict(_read_change(item) for item in limits)
        kept = {**self.overrides.get((workspace, id_), {}), **changes}
        self.overrides[workspace, id_] = {
            name: value for name, value in kept.items() if value is not None
        }
        return self._entry(workspace, group, inherited=False)

    def _entry(self, workspace: str, group: RateLimit, inherited: bool) -> dict[str, object]:
        own = self.overrides.get((workspace, group.id), {})
        names = [*group.limits, *(name for name in own if name not in group.limits)]
        return {
            "type": "workspace_rate_limit",
            "rate_limit_id": group.id,
            "workspace_id": workspace,
            "group": group.group(),
            "models": None if group.models is None else list(group.models),
            "limits": [
                {
                    "type": name,
                    "value": own.get(name, group.limits.get(name)),
                    "org_limit": group.limits.get(name),
                    "source": {"type": "workspace" if name in own else "organization"},
                }
                for name in names
                if inherited or name in own
            ],
        }


def _read(pairs: Pairs, names: Sequence[str]) -> dict[str, str]:
    for name, _ in pairs:
        if name not in names:
            raise invalid(f"{name}: Extra inputs are not permitted")
    return dict(pairs)


def _read_change(item: object) -> tuple[str, int | None]:
    if not isinstance(item, dict) or set(item) != {"type", "value"} or item["type"] not in TYPES:
        raise invalid("limits: Input should be a limiter type and a value")
    value = item["value"]
    if value is not None and (type(value) is not int or not 0 <= value < 2**53):
        raise invalid("limits: value: Input should be between 0 and 2^53-1, or null")
    return item["type"], value
