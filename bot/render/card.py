"""What a request's card is made of, and its words for who asks for what and who decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.domain.limits import TemporaryRaise
from bot.domain.money import Micros, dollars
from bot.domain.overages import OverageRequest, RequestKind, Terms
from bot.domain.terms import Changed
from bot.render.blocks import (
    escape,
    moment,
    people,
    person,
)
from bot.render.changes import changed_text
from bot.render.targets import Follower


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an approved raise has come: what the enforcement targets said, and when."""

    raised: TemporaryRaise
    limit: Micros  # the effective limit now
    target: bool  # whether there is a target that could confirm
    targets: Sequence[Follower] = ()
    applied_at: datetime | None = None
    ended_at: datetime | None = None
    restored_at: datetime | None = None
    ended_by: str | None = None  # whoever ended it before its time
    planned_ends_at: datetime | None = None

    @property
    def holds(self) -> bool:
        return self.ended_at is None and self.restored_at is None


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a request's card and messages show."""

    request: OverageRequest
    budget_name: str
    zone: ZoneInfo
    deciders: str  # who may decide, in words
    votes: tuple[str, ...] = ()
    progress: Progress | None = None
    offered: Terms | None = None  # what all approvals so far have in common, when that is less
    questions: int = 0
    answered: int = 0
    donor: str | None = None  # the budget that a transfer would take from, by name
    response: str = ""  # what happens at the limit, in words
    source: str = ""  # where else the dollars come from, in a sentence
    changed: Changed | None = None  # the last time that the requester changed it


def deciders_text(lists: tuple[str, ...], both: bool, donor: str | None = None) -> str:
    names = ["the owner" if name == "owner" else escape(name) for name in lists]
    text = f"{' and '.join(names)} together" if both else " or ".join(names)
    return f"{text}, and the owner of {escape(donor)}" if donor else text


def title(request: OverageRequest) -> str:
    """`Overage request #42`; break-glass is no request to anybody."""
    what = "Break-glass" if request.kind is RequestKind.BREAK_GLASS else "Overage request"
    return f"{what} #{request.id}"


def facts_of(card: Card) -> str:
    """Who asks for how much, and what it was before they changed it."""
    r = card.request
    if r.kind is RequestKind.BREAK_GLASS:
        return (
            f"{person(r.requester)} has broken the glass of {escape(card.budget_name)}: "
            f"{dollars(r.amount)} more until {moment(r.ends_at, card.zone)}, on their word alone."
        )
    return (
        f"{person(r.requester)} asks for {dollars(r.amount)} more for {escape(card.budget_name)} "
        f"until {moment(r.ends_at, card.zone)}.{changed_text(card.changed, card.zone)}"
    )


def so_far(card: Card) -> str:
    """` Approved so far by <@U0FIN>.`, and on which terms."""
    if not card.votes:
        return ""
    terms = ""
    if card.offered is not None:
        terms = (
            f" for {dollars(card.offered.amount)} until {moment(card.offered.ends_at, card.zone)};"
            " the smallest amount and the earliest end of all approvals count"
        )
    return f" Approved so far by {people(card.votes)}{terms}."


def questions_text(asked: int, answered: int) -> str:
    """`1 question, answered`; the words are in the thread."""
    count = f"{asked} question{'s' * (asked != 1)}"
    if answered == asked:
        return f"{count}, answered."
    return f"{count}, not answered yet." if answered == 0 else f"{count}, {answered} answered."
