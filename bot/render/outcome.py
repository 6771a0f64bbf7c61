"""What became of a request: decided by whom, how far the limit has come, and how it ends."""

from collections.abc import Sequence

from slackblocks import Block, Button

from bot.domain.limits import LimitState
from bot.domain.money import Micros, dollars
from bot.domain.overages import RequestKind, RequestState
from bot.domain.standings import Standing
from bot.domain.targets import WEBHOOK
from bot.render.blocks import (
    Rendered,
    actions,
    clock_time,
    escape,
    message,
    moment,
    one_line,
    people,
    person,
    quoted,
    section,
)
from bot.render.card import Card, Progress, title
from bot.render.exception import end_now, ended_early
from bot.render.figures import now_at_limit, spent_of_limit
from bot.render.targets import Follower, notes, on_its_way, waited_for


def end_blocks(card: Card) -> list[Block]:
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
    return with_reason(text, r.decision_reason, *end_blocks(card))


def with_reason(text: str, reason: str | None, *more: Block) -> Rendered:
    """An outcome, and below it the words of whoever decided, when there are any."""
    if not reason:
        return message(text, section(text, "outcome"), *more)
    quote = quoted(f"Reason given: {reason}", "decision_reason")
    note = f"{text} Reason given: {one_line(reason)}"
    return message(note, section(text, "outcome"), quote, *more)


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
