"""An overage request: the card approvers decide on, and what everybody is told afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from slackblocks import Block, Button

from bot.domain.limits import LimitState, TemporaryRaise
from bot.domain.money import Micros, dollars
from bot.domain.overages import OverageRequest, RequestKind, RequestState, Terms
from bot.domain.standings import Standing
from bot.domain.targets import WEBHOOK
from bot.domain.terms import Changed
from bot.render.blocks import (
    Rendered,
    actions,
    clock_time,
    context,
    escape,
    header,
    message,
    moment,
    one_line,
    people,
    person,
    quoted,
    section,
)
from bot.render.changes import changed_text
from bot.render.decision_buttons import agreeing, deciding, own
from bot.render.exception import end_now, ended_early
from bot.render.figures import now_at_limit, runway_text, spent_of_limit
from bot.render.targets import Follower, notes, on_its_way, waited_for


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


def request_card(card: Card, *, for_donor: bool = False) -> Rendered:
    """
    The same card everywhere; once decided it shows the outcome instead of the buttons.

    `for_donor`: for the owner of the budget that a transfer takes from, who is asked to agree.
    """
    r = card.request
    facts = facts_of(card)
    seen = (
        f"Spent when asked: {spent_of_limit(r.figures.spent, r.figures.limit)}; "
        f"{_runway(card)}. "
        f"With it the limit is {dollars(Micros(r.figures.limit + r.amount))}."
    )
    if r.figures.as_of:
        seen += f" Figures as of {moment(r.figures.as_of, card.zone)}."
    if card.donor:
        seen += f" The dollars come from {escape(card.donor)}, which has as much less meanwhile."
    if card.source:
        seen += f" {card.source}"
    top = [
        header(f"{title(r)}: {card.budget_name}"),
        section(f"*{facts}*\n{seen}", "facts"),
        quoted(f"Reason: {r.reason}", "reason"),
    ]
    text = f"{title(r)}. {facts} {seen} Reason: {one_line(r.reason)}."
    if r.state is RequestState.PENDING:
        ask, blocks = _open(card, for_donor)
        return message(f"{text} {ask}", *top, *blocks)
    said = outcome(card)
    tail: list[Block] = [section(said, "outcome")]
    given = None if r.kind is RequestKind.BREAK_GLASS else r.decision_reason  # it stands above
    if given:
        tail.append(quoted(f"Reason given: {given}", "decision_reason"))
    if not for_donor:  # whoever gave the dollars cannot take them back
        tail += _ending(card)
    note = f" Reason given: {one_line(given)}" if given else ""
    return message(f"{text} {said}{note}", *top, *tail)


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


def _ending(card: Card) -> list[Block]:
    end = ending(card)
    return [] if end is None else [actions([end])]


def ending(card: Card) -> Button | None:
    """While the exception holds it can be ended."""
    p = card.progress
    if p is None or not p.holds:
        return None
    extra, seen = p.raised.extra, card.request.decision_figures or card.request.figures
    text = (
        f"The limit is {dollars(extra)} lower at once: {dollars(Micros(p.limit - extra))}, if "
        f"nothing else has changed. Spent when it was approved: {dollars(seen.spent)}."
    )
    if card.response:
        text += f" At the limit {card.response}."
    return end_now(card.request.id, card.budget_name, text)


def outcome(card: Card) -> str:
    """What became of a request, in one or two sentences."""
    r = card.request
    when = f" on {moment(r.decided_at, card.zone)}" if r.decided_at else ""
    by = people(r.decided_by) if r.decided_by else "nobody"
    match r.state:
        case RequestState.PENDING:
            return f"Waiting for {card.deciders}."
        case RequestState.APPROVED if r.kind is RequestKind.BREAK_GLASS:
            return f"Granted by {by} to themselves{when}. {progress_text(card)}"
        case RequestState.APPROVED:
            return f"Approved by {by}{when}{_less(card)}. {progress_text(card)}"
        case RequestState.DENIED:
            return f"Denied by {by}{when}. The limit stays as it is."
        case RequestState.EXPIRED:
            return f"Expired{when}: nobody decided in time. The limit stays as it is; ask again if it is still needed."
        case RequestState.WITHDRAWN:
            return f"Withdrawn by {by}{when}."


def _less(card: Card) -> str:
    """What was granted, where that is less than what was asked for."""
    r, parts = card.request, []
    if r.granted and r.granted < r.amount:
        parts.append(f"{dollars(r.granted)} of the {dollars(r.amount)} asked for")
    if r.until < r.ends_at:
        parts.append(
            f"until {moment(r.until, card.zone)} instead of {moment(r.ends_at, card.zone)}"
        )
    return f": {', '.join(parts)}" if parts else ""


def progress_text(card: Card) -> str:
    """Approved and done are two things: a tick stands only where the target said it holds."""
    p = card.progress
    if p is None:
        return ""
    limit = dollars(p.limit)
    until = moment(p.raised.ends_at, card.zone)
    early = ""
    if p.ended_by:
        early = ended_early(person(p.ended_by), p.planned_ends_at, card.zone)
    if p.restored_at:
        back = f"the limit is back ✓ {clock_time(p.restored_at, card.zone)}"
        return f"The exception is over{early}; {back}{notes(p.targets)}."
    if p.ended_at:
        waits = f"; {waited_for(_targets(p), card.zone)}" if p.target else ""
        return f"The exception is over{early}{waits}."
    if p.applied_at:
        at = clock_time(p.applied_at, card.zone)
        return f"Limit lifted to {limit} ✓ {at}, until {until}{notes(p.targets)}."
    if not p.target:
        return f"The limit is {limit} until {until} (no enforcement target is set up)."
    return on_its_way(f"new limit of {limit}, until {until}", _targets(p), card.zone)


def _targets(p: Progress) -> Sequence[Follower]:
    return p.targets or (Follower(WEBHOOK),)


def requester_note(card: Card) -> Rendered:
    """What the requester and the owner are told when a request gets its outcome."""
    r = card.request
    text = f"{title(r)} for {escape(card.budget_name)} ({dollars(r.amount)}): {outcome(card)}"
    if not r.decision_reason:
        return message(text, section(text, "outcome"), *_ending(card))
    note = f" Reason given: {one_line(r.decision_reason)}"
    return message(
        text + note,
        section(text, "outcome"),
        quoted(f"Reason given: {r.decision_reason}", "decision_reason"),
        *_ending(card),
    )


def receipt(card: Card) -> Rendered:
    """What the requester sees after asking."""
    r = card.request
    text = (
        f"Overage request #{r.id}: {dollars(r.amount)} more for {escape(card.budget_name)} until "
        f"{moment(r.ends_at, card.zone)}.{changed_text(card.changed, card.zone)} "
        f"Decided by {card.deciders}.{so_far(card)} "
        f"Expires {moment(r.expires_at, card.zone)} without a decision."
    )
    return message(text, section(text, "receipt"), actions(own(r)))


def raise_note(
    card: Card,
    lifted: bool,
    standing: Standing | None = None,
    held: LimitState | None = None,
) -> Rendered:
    """
    Told when the target confirms: the limit is lifted, or it is back and what that means.

    `held` is what enforcement should hold, which may be a grace.
    """
    start = f"{escape(card.budget_name)}: "
    p = card.progress
    if lifted:
        text = start + progress_text(card)
    elif p is not None and not p.target:
        text = f"{start}the exception of request #{card.request.id} is over; the limit is back at the allocation."
    else:
        text = f"{start}request #{card.request.id}: {progress_text(card)}"
    if standing is not None and standing.limit is not None:
        text += f" Spent: {spent_of_limit(standing.spent, standing.limit)}."
        if standing.spent >= standing.limit:
            text += f" {now_at_limit(standing.budget, held)}"
    return message(text, section(text, "progress"))


def _runway(card: Card) -> str:
    f = card.request.figures
    return runway_text(
        f.runs_out_at, f.daily_rate, f.spent >= f.limit, card.zone, f.confidence, f.p50
    )


def _open(card: Card, for_donor: bool) -> tuple[str, list[Block]]:
    r = card.request
    ask = (
        f"Decided by {card.deciders}.{so_far(card)} Expires {moment(r.expires_at, card.zone)} "
        "without a decision."
    )
    if card.questions:
        ask += f" {questions_text(card.questions, card.answered)}"
    buttons = agreeing if for_donor and card.donor else deciding
    about = card.donor if for_donor and card.donor else card.budget_name
    return ask, [context(ask, "deciders"), actions(buttons(r, about, card.zone))]


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
