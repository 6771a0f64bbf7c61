"""The policy in force: what `budgets.yaml` says, as values."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from bot.domain.budgets import ApproverList, BudgetTree, PersonRef, Split
from bot.domain.money import Micros
from bot.domain.rules import Rule, Rules
from bot.domain.spans import WorkCalendar


class Basis(StrEnum):
    """Which amount counts: after discounts and before credits, or the list price."""

    NET = "net"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Channels:
    """Slack channels by name or id."""

    digest: str
    approvals: str
    operators: str


@dataclass(frozen=True, slots=True)
class DigestTime:
    weekday: int  # Monday is 0
    at: time  # local


@dataclass(frozen=True, slots=True)
class SourcePolicy:
    kind: str
    every: timedelta
    lookback: timedelta
    stale_after: timedelta
    history: timedelta = timedelta(days=92)  # read once, when the bot first starts
    revised_for: timedelta = timedelta(days=30)  # read again by the slow second pass

    @property
    def name(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True)
class PeoplePolicy:
    """
    What tells how much each person used, so that dollars nobody is named for can be divided.

    It reports no dollars itself: without it, and while it is down, no figure is stale.
    """

    name: str
    every: timedelta
    lookback: timedelta
    workspace: str  # the shared one: id or name, may be a glob


@dataclass(frozen=True, slots=True)
class Commitment:
    amount: Micros
    starts: date
    ends: date
    reserve_percent: int


@dataclass(frozen=True, slots=True)
class Organization:
    name: str
    time_zone: ZoneInfo
    calendar: WorkCalendar
    channels: Channels
    digest: DigestTime


@dataclass(frozen=True, slots=True)
class IncreasePolicy:
    """Increase requests of Claude Enterprise are answered from Slack, by those on these lists."""

    approvers: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Everything the policy file decides. `version` names its exact text."""

    version: str
    organization: Organization
    basis: Basis
    sources: tuple[SourcePolicy, ...]
    approvers: Mapping[str, ApproverList]
    tree: BudgetTree
    splits: tuple[Split, ...]
    rules: tuple[Rule, ...]  # in file order, budgets and splits together
    unattributed_owner: PersonRef
    commitment: Commitment | None = None
    command: str = "/budget"
    helps: tuple[PeoplePolicy, ...] = ()
    increases: IncreasePolicy | None = None

    @cached_property
    def rules_version(self) -> str:
        """Names what the rules say, whatever else the file says."""
        return hashlib.sha256(repr(self.rules).encode()).hexdigest()[:12]

    def held_at(self, *, webhook: bool) -> "Policy":
        """The same policy, with what is known of the targets: whether the webhook is set up."""
        budgets = {
            id_: replace(b, is_held=(webhook and b.enforce.webhook) or bool(b.enforce.kinds))
            for id_, b in self.tree.budgets.items()
        }
        return replace(self, tree=BudgetTree(budgets))

    @cached_property
    def rules_by_name(self) -> Rules:
        """The rules, ready to be looked up for many rows."""
        return Rules(self.rules)
