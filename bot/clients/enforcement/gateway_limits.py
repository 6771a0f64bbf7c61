"""Limits at a gateway that counts spend itself: what stands there, and what is left to write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.clients.enforcement.orders import Held
from bot.domain.money import Micros

Place = tuple[str, str]  # what a budget is called there: `team`, `team-search`
_LATEST = 10


@dataclass(frozen=True, slots=True)
class Words:
    """What a gateway calls things, for people and in `held`."""

    gateway: str
    amount: str  # max_budget
    slow: str  # where a new limit takes a while


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at one place. `blocked` is None where the limit alone can block."""

    place: Place
    id: str  # what the gateway calls it
    amount: Micros | None  # None: no limit at all
    blocked: bool | None = None
    spend: Micros | None = None  # by the gateway's own count
    notes: Sequence[str] = ()  # what people have to know about it
    more: Mapping[str, str] = field(default_factory=dict)  # to be remembered, not compared
    guard: tuple[str, str] | None = None  # what in `more` has to stay as it is for a limit to hold

    @property
    def name(self) -> str:
        return shown(self.place)


@dataclass(frozen=True, slots=True)
class Wanted:
    amount: Micros
    blocked: bool


@dataclass(frozen=True, slots=True)
class SetAmount:
    found: Found
    amount: Micros


@dataclass(frozen=True, slots=True)
class SetBlocked:
    found: Found
    blocked: bool


Step = SetAmount | SetBlocked


@dataclass(frozen=True, slots=True)
class Known:
    """
    What the bot itself wrote at one place, the newest first: the limit, and whether it blocked.

    `tried` may have been written, `seen` is what it was written over, and `switching` says that a
    key was blocked or let through: the last two for as long as nothing is confirmed.
    """

    states: Sequence[tuple[Micros, bool | None]] = ()
    tried: Sequence[Micros] = ()
    seen: Micros | None = None
    switching: bool = False
    newest: Held = field(default_factory=dict)

    def is_ours(self, amount: Micros) -> bool:
        """Whether it may be written over; on the first contact anything may."""
        if not (self.states or self.tried):
            return True
        return amount == self.seen or amount in self.tried or amount in dict(self.states)

    def is_blocker(self, found: Found) -> bool:
        """Whether it was the bot that blocked what is blocked."""
        return bool(found.blocked) and (self.switching or any(b for _, b in self.states[:1]))

    def after(self, step: Step, *, force: bool) -> "Known":
        """What is written over on somebody's word is not for a later attempt to write over."""
        if isinstance(step, SetBlocked):
            return replace(self, switching=True)
        tried = (step.amount, *self.tried)[:_LATEST]
        return replace(self, tried=tried, seen=self.seen if force else step.found.amount)

    def confirmed(self) -> "Known":
        """An amount that arrives late is still ours."""
        return Known(tried=self.tried)


def shown(place: Place) -> str:
    """For people; a key that was written out is nothing to be read."""
    kind, name = place
    return f"{kind} {'sk-…' if name.startswith('sk-') else name}"
