"""`enforce`: where a budget's limit is held, and what is wrong when two budgets hold the same."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from bot.config.faults import Fault, Loc
from bot.config.part import Part
from bot.domain.targets import ANTHROPIC, LITELLM, MLFLOW, Enforce, Named

_GLOB = set("*?[")
_KEY_ID = "apikey_"
_LONGEST = 200


def parse_names(raw: object) -> tuple[str, ...]:
    """One name or a list of them, as text."""
    written = raw if isinstance(raw, list | tuple) else [raw]
    names = [name.strip() for name in written if isinstance(name, str)]
    if names and len(names) == len(written) and all(0 < len(name) <= _LONGEST for name in names):
        return tuple(dict.fromkeys(names))
    raise ValueError('must be a name in quotes, or a list of them: [apikey_1, "search-*"]')


_NAME: dict[str, Any] = {"type": "string", "minLength": 1}
Names = Annotated[
    tuple[str, ...],
    PlainValidator(parse_names),
    WithJsonSchema({"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]}),
]


class LiteLlmPart(Part):
    team: Names | None = Field(None, description="team_id of the teams that get the limit")
    key: Names | None = Field(None, description="the keys that get the limit, by hash or alias")


class MlflowPart(Part):
    policy: Names | None = Field(None, description="budget_policy_id, like bp-123")


class AnthropicPart(Part):
    api_key: Names | None = Field(
        None, description="keys made inactive by `block`: id or name, may be a glob"
    )
    workspace: Names | None = Field(
        None, description="workspaces slowed down by `throttle`: id or name"
    )
    spend_limit: Names | None = Field(
        None, description="workspaces or members that get the limit in dollars: id, name or e-mail"
    )


class EnforcePart(Part):
    webhook: Annotated[bool, Field(strict=True)] | None = Field(
        None, description="false: ENFORCEMENT_WEBHOOK_URL does not hear of this budget"
    )
    litellm: LiteLlmPart | None = None
    mlflow: MlflowPart | None = None
    anthropic: AnthropicPart | None = None


_NATIVE = (LITELLM, MLFLOW, ANTHROPIC)


def enforced(own: EnforcePart | None, defaults: EnforcePart | None) -> Enforce:
    """
    A kind that a budget writes replaces that of `defaults`; `{}` or `null` removes it.

    An empty `enforce` removes all of it.
    """
    if own is not None and not own.model_fields_set:
        return Enforce()
    parts = [part for part in (own, defaults) if part is not None]
    webhook = next((part.webhook for part in parts if part.webhook is not None), True)
    named = tuple(
        Named(kind, name, values)
        for kind in _NATIVE
        for name, values in _nearest(kind, parts)
        if values is not None
    )
    return Enforce(webhook, named)


def _nearest(kind: str, parts: list[EnforcePart]) -> Iterable[tuple[str, tuple[str, ...] | None]]:
    found: Part | None = next((p for part in parts if (p := getattr(part, kind))), None)
    return found or ()


Placed = tuple[Loc, Enforce]
Where = tuple[str, str, tuple[str, ...]]  # target, kind of thing, and the workspaces it is in


def shared(budgets: Iterable[Placed]) -> Iterator[Fault]:
    """The same thing named by two budgets: both would write its limit, in turns."""
    first: dict[tuple[Where, str], Loc] = {}
    for loc, named, where, value in _things(budgets):
        if (earlier := first.setdefault((where, value), loc)) != loc:
            text = f"'{value}' is held by budgets[{earlier[1]}] too: both would write its limit"
            yield Fault(_place(loc, named), f"{text}; keep one")


def overlapping(budgets: Iterable[Placed]) -> Iterator[Fault]:
    """A glob of one budget that takes in what another names."""
    there: dict[Where, list[tuple[str, Loc]]] = {}
    globs: list[tuple[Loc, Named, Where, str]] = []
    for loc, named, where, value in _things(budgets):
        there.setdefault(where, []).append((value, loc))
        if _GLOB & set(value):
            globs.append((loc, named, where, value))
    for loc, named, where, glob in globs:
        for value, other in there[where]:
            if other != loc and value != glob and fnmatchcase(value, glob):
                text = f"'{glob}' takes in '{value}', which budgets[{other[1]}] holds"
                remedy = "both would write its limit; name them one by one"
                yield Fault(_place(loc, named), f"{text}: {remedy}")


def _things(budgets: Iterable[Placed]) -> Iterator[tuple[Loc, Named, Where, str]]:
    """
    Everything that is named. Anthropic's names are found whatever their case, the ids of gateways
    are not; names of keys beside a workspace mean keys of that workspace only.
    """
    for loc, enforce in budgets:
        workspaces = enforce.refs(ANTHROPIC).get("workspace", ())
        for named in enforce.named:
            for value in named.values:
                inside = named.name == "api_key" and not value.startswith(_KEY_ID)
                where = (named.kind, named.name, workspaces if inside else ())
                known = value.lower() if named.kind == ANTHROPIC and inside else value
                yield loc, named, where, known


def _place(loc: Loc, named: Named) -> Loc:
    return (*loc, "enforce", named.kind, named.name)
