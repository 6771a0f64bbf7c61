"""The nouns: what a budget is, who owns it, and the tree that budgets form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import NewType
from zoneinfo import ZoneInfo

from bot.domain.money import Micros
from bot.domain.periods import Cadence
from bot.domain.rules import Match
from bot.domain.spans import Span
from bot.domain.spike_rule import DEFAULT as DEFAULT_SPIKE
from bot.domain.spike_rule import SpikeRule
from bot.domain.targets import Enforce

BudgetId = NewType("BudgetId", str)
PersonRef = NewType("PersonRef", str)
"""An e-mail address or a Slack user id, as the policy writes it."""

UNATTRIBUTED = BudgetId("unattributed")
AT_ONCE = Span()
WEBHOOK_ALONE = Enforce()


class Stage(IntEnum):
    """How bad it is. Numbers, because stages are compared: max() of strings is alphabetical."""

    LOOK = 1
    RESPOND = 2
    INTERVENE = 3
    EXHAUSTED = 4

    @property
    def word(self) -> str:
        return self.name.lower()


class AtLimit(StrEnum):
    """What enforcement does at the limit, written down before the crisis."""

    NOTIFY = "notify"
    THROTTLE = "throttle"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """
    What reaches each stage, whichever comes first.

    A share of the effective limit in per cent (100 is exhausted); or the time that is left: runway
    of at most so many lead times, or for look a forecast of the period's end above that share of the
    limit. None: not by time.

    A share below 100 does not count while a forecast that rests on at least
    `trust_forecast_after` days expects the limit to hold; None: it always counts.
    """

    look: int = 50
    respond: int = 80
    intervene: int = 95
    look_forecast: int | None = 100
    respond_lead_times: int | None = 2
    intervene_lead_times: int | None = 1
    trust_forecast_after: int | None = 28  # days
    spike: SpikeRule | None = DEFAULT_SPIKE  # None: spikes are not told

    def lead_times(self, stage: Stage) -> int | None:
        by_stage = {
            Stage.RESPOND: self.respond_lead_times,
            Stage.INTERVENE: self.intervene_lead_times,
        }
        return by_stage.get(stage)

    def percent(self, stage: Stage) -> int:
        return {
            Stage.LOOK: self.look,
            Stage.RESPOND: self.respond,
            Stage.INTERVENE: self.intervene,
            Stage.EXHAUSTED: 100,
        }[stage]


@dataclass(frozen=True, slots=True)
class AnswerWithin:
    """How long an alert of each stage waits for an answer."""

    look: Span
    respond: Span
    intervene: Span

    def span(self, stage: Stage) -> Span:
        return {Stage.LOOK: self.look, Stage.RESPOND: self.respond}.get(stage, self.intervene)


@dataclass(frozen=True, slots=True)
class ApproverList:
    """People who may decide: named one by one, or a Slack user group."""

    name: str
    people: tuple[PersonRef, ...] = ()
    usergroup: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Who decides a request of up to `up_to` per cent of the allocation; None: of any size."""

    up_to: int | None
    approvers: tuple[str, ...]  # names of approver lists, or "owner"
    both: bool = False


class WhoAsks(StrEnum):
    """Who may ask for an overage; wider includes narrower, and the backup asks as the owner does."""

    OWNER = "owner"
    TEAM = "team"  # also those the budget's `team` names, and whoever has spent from it
    ANYONE = "anyone"  # every member of the workspace


class Funding(StrEnum):
    """Where the dollars of an exception come from."""

    RESERVE = "reserve"  # the share of the commitment that no budget was given
    TRANSFER = "transfer"  # another budget has as much less, for the same term
    COMMITMENT = "commitment"  # a true overage: the commitment is drawn down faster


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """How much, and for how long, the owner of a critical budget may grant themselves once a period."""

    max_percent: int  # of the allocation
    max_term: timedelta  # on the clock: a night is no working time


@dataclass(frozen=True, slots=True)
class OveragePolicy:
    max_percent: int
    max_term: Span
    expires_after: Span
    routes: tuple[Route, ...]
    ask: WhoAsks = WhoAsks.ANYONE
    funding: tuple[Funding, ...] = tuple(Funding)
    break_glass: BreakGlass | None = None  # only critical budgets have one
    remind_after: timedelta = timedelta(minutes=15)  # then after twice as long, and so on


@dataclass(frozen=True, slots=True)
class Budget:
    """One number somebody answers for."""

    id: BudgetId
    name: str
    owner: PersonRef
    backup: PersonRef | None
    parent: BudgetId | None
    channel: str | None
    limit: Micros | None  # what the policy file says; the allocation in force may be newer
    cadence: Cadence
    time_zone: ZoneInfo
    lead_time: Span
    thresholds: Thresholds
    answer_within: AnswerWithin
    at_limit: AtLimit
    overage: OveragePolicy
    match: tuple[Match, ...] = ()
    critical: bool = False
    team: ApproverList | None = None
    grace: Span = AT_ONCE  # between the limit and the response to it
    enforce: Enforce = WEBHOOK_ALONE
    is_held: bool = True  # somewhere, by a target that is set up


@dataclass(frozen=True, slots=True)
class Split:
    """Not a budget: divides the rows it claims among budgets by fixed shares."""

    id: str
    shares: tuple[tuple[BudgetId, int], ...]  # basis points of the whole; they sum to 10,000
    match: tuple[Match, ...]


@dataclass(frozen=True)
class BudgetTree:
    """Every budget by id; a child's spend counts for its parents."""

    budgets: Mapping[BudgetId, Budget]

    def __iter__(self) -> Iterator[Budget]:
        return iter(self.budgets.values())

    def path(self, budget: BudgetId) -> tuple[BudgetId, ...]:
        """The budget and its parents, the nearest first."""
        path: list[BudgetId] = []
        current: BudgetId | None = budget
        while current is not None:
            path.append(current)
            current = self.budgets[current].parent
        return tuple(path)

    def family(self, budget: BudgetId) -> frozenset[BudgetId]:
        """The budget and everything below it."""
        family = [budget]
        for member in family:
            family += self.children.get(member, ())
        return frozenset(family)

    @cached_property
    def calendars(self) -> frozenset[tuple[Cadence, ZoneInfo]]:
        """Every way in which budgets count their periods; most organizations have one."""
        return frozenset((budget.cadence, budget.time_zone) for budget in self)

    @cached_property
    def children(self) -> Mapping[BudgetId, tuple[BudgetId, ...]]:
        """The budgets directly below each."""
        children: dict[BudgetId, list[BudgetId]] = {}
        for budget in self:
            if budget.parent is not None:
                children.setdefault(budget.parent, []).append(budget.id)
        return {parent: tuple(below) for parent, below in children.items()}

    @cached_property
    def children_first(self) -> tuple[BudgetId, ...]:
        """Every budget after all that lie below it."""
        return tuple(sorted(self.budgets, key=lambda id_: -len(self.path(id_))))

    @cached_property
    def links(self) -> tuple[tuple[BudgetId, BudgetId], ...]:
        """Each child with its parent, in the order in which spend goes up."""
        pairs = ((id_, self.budgets[id_].parent) for id_ in self.children_first)
        return tuple((id_, parent) for id_, parent in pairs if parent is not None)
