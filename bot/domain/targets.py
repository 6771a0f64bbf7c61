"""Where a budget's limit is held: enforcement targets by kind, and what the budget is called there."""

from collections.abc import Mapping
from dataclasses import dataclass

WEBHOOK = "webhook"
LITELLM = "litellm"
MLFLOW = "mlflow"
ANTHROPIC = "anthropic"
KINDS = (WEBHOOK, LITELLM, MLFLOW, ANTHROPIC)

Refs = Mapping[str, tuple[str, ...]]
"""The names of a budget at one target: `{"team": ("team-search",)}`."""


@dataclass(frozen=True, slots=True)
class Named:
    """One thing at a target that stands for the budget: kind, name and values of `enforce`."""

    kind: str
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enforce:
    """
    What the policy says of a budget's targets.

    The webhook hears of every budget with a limit, unless it says no; the others only of those that
    name something there.
    """

    webhook: bool = True
    named: tuple[Named, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The native targets, each once, in the order of KINDS."""
        there = {named.kind for named in self.named}
        return tuple(kind for kind in KINDS if kind in there)

    def refs(self, kind: str) -> Refs:
        return {named.name: named.values for named in self.named if named.kind == kind}
