"""What goes out about an overage request: its card everywhere, and who is told what."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Budget, BudgetId, PersonRef
from bot.domain.money import Micros
from bot.domain.overages import OWNER, OverageRequest, RequestState, approvers_of
from bot.domain.people import Person
from bot.domain.standings import Standing
from bot.effects import messages
from bot.effects.followers import followers
from bot.parts import Bot, targets_of
from bot.render.request import (
    Card,
    Progress,
    deciders_text,
    raise_note,
    receipt,
    request_card,
    requester_note,
)
from store import audit, overages, people, raises, standings, votes


def subject(request_id: int) -> str:
    return f"request:{request_id}"


def announce(
    tx: Session, bot: Bot, request: OverageRequest, standing: Standing, now: datetime
) -> None:
    """Post the card to the approvals channel and to each approver's DM; a receipt to the requester."""
    budget = standing.budget
    card = card_of(tx, bot, request)
    rendered, about = request_card(card), subject(request.id)
    channel = {"channel": bot.policy.organization.channels.approvals}
    messages.post(tx, f"{about}:approvals", channel, rendered, now, subject=about, priority=4)
    for name in request.lists:
        for ref in _others(tx, request, approvers_of(name, budget, bot.policy)):
            key = f"{about}:dm:{ref}"
            messages.post(tx, key, {"person": ref}, rendered, now, subject=about, priority=4)
        group = None if name == OWNER else bot.policy.approvers[name].usergroup
        if group:
            key = f"{about}:group:{group}"
            card_of_it = {"request": request.id}
            messages.post_to_group(tx, key, group, rendered, now, subject=about, about=card_of_it)
    messages.post(
        tx,
        f"{about}:receipt",
        {"person": request.requester},
        receipt(card),
        now,
        subject=f"{about}:receipt",
    )


def card_of(tx: Session, bot: Bot, request: OverageRequest) -> Card:
    """The card of a request as it stands now."""
    budget = bot.policy.tree.budgets.get(request.budget)
    zone = budget.time_zone if budget else bot.policy.organization.time_zone
    return Card(
        request=request,
        budget_name=budget.name if budget else request.budget,
        zone=zone,
        deciders=deciders_text(request.lists, request.both),
        votes=tuple(vote.person for vote in votes.of(tx, request.id)),
        progress=_progress(tx, bot, request),
    )


def show_outcome(tx: Session, bot: Bot, request: OverageRequest, now: datetime, state: str) -> Card:
    """Bring every copy of the card up to date; `state` names what it shows now."""
    card = card_of(tx, bot, request)
    messages.update_copies(tx, subject(request.id), state, request_card(card), now)
    return card


def tell_outcome(tx: Session, bot: Bot, request: OverageRequest, now: datetime) -> None:
    """All copies, the requester's receipt, and a DM to requester and owner."""
    state = request.state.value
    card = show_outcome(tx, bot, request, now, state)
    about = subject(request.id)
    note = requester_note(card)
    messages.update_copies(tx, f"{about}:receipt", state, note, now)
    if request.state is not RequestState.WITHDRAWN:
        told = _concerned(tx, bot, request)
        messages.tell_people(tx, f"{about}:{state}", told, note, now, subject=f"{about}:told")


def tell_progress(
    tx: Session, bot: Bot, request: OverageRequest, now: datetime, state: str, *, lifted: bool
) -> None:
    """All targets confirmed: the limit is lifted, or it is back."""
    card = show_outcome(tx, bot, request, now, state)
    about = subject(request.id)
    for copies in ("receipt", "told"):
        # What was said before must not stand there as if it were still on its way.
        messages.update_copies(tx, f"{about}:{copies}", state, requester_note(card), now)
    standing = None if lifted else standings.of_budget(tx, bot.policy, request.budget, now)
    note = raise_note(card, lifted, standing)
    told = _concerned(tx, bot, request)
    messages.tell_people(tx, f"{about}:{state}", told, note, now, subject=f"{about}:progress")


def tell_confirmed(tx: Session, bot: Bot, budget: BudgetId, version: int, now: datetime) -> None:
    """All targets hold `version`: only now may anything say that the limit is lifted, or back."""
    applied, restored = raises.confirm(tx, budget, version, now)
    over = {record.raised.request for record in restored}
    for record in applied:
        request = overages.load(tx, record.raised.request)
        data = {"request": record.raised.request, "version": version}
        audit.note(tx, "exception.applied", "target", budget, data, now)
        if request is not None and not record.end_noted and request.id not in over:
            tell_progress(tx, bot, request, now, "applied", lifted=True)
    for record in restored:
        request = overages.load(tx, record.raised.request)
        data = {"request": record.raised.request, "version": version}
        audit.note(tx, "exception.restored", "target", budget, data, now)
        if request is not None:
            tell_progress(tx, bot, request, now, "restored", lifted=False)


def show_waiting(tx: Session, bot: Bot, budget: BudgetId, now: datetime) -> None:
    """Every copy says which target has accepted, does not answer, or was left alone."""
    for record in raises.waiting(tx, budget):
        request = overages.load(tx, record.raised.request)
        if request is None:
            continue
        card = card_of(tx, bot, request)
        state = f"waits:{_state_of(card)}"
        about = subject(request.id)
        messages.update_copies(tx, about, state, request_card(card), now)
        for copies in ("receipt", "told"):
            messages.update_copies(tx, f"{about}:{copies}", state, requester_note(card), now)


def tell_waiting(tx: Session, bot: Bot, budget: BudgetId, outage: str, now: datetime) -> None:
    """Whoever waits for a target that does not answer hears of it, once for an outage."""
    show_waiting(tx, bot, budget, now)
    for record in raises.waiting(tx, budget):
        request = overages.load(tx, record.raised.request)
        if request is None:
            continue
        card = card_of(tx, bot, request)
        about = subject(request.id)
        told = [*_concerned(tx, bot, request), *request.decided_by]
        key, note = f"{about}:{outage}", raise_note(card, lifted=True)
        messages.tell_people(tx, key, told, note, now, subject=f"{about}:progress")


def _state_of(card: Card) -> str:
    """Names what a card shows of the targets, so that the same is not shown twice."""
    progress = card.progress
    if progress is None:
        return ""
    shown = repr((progress.ended_at, progress.targets)).encode()
    return hashlib.sha256(shown).hexdigest()[:12]


def _concerned(tx: Session, bot: Bot, request: OverageRequest) -> list[str]:
    """The requester, and the owner when that is somebody else."""
    budget: Budget | None = bot.policy.tree.budgets.get(request.budget)
    owner = (budget.owner,) if budget else ()
    return [request.requester, *_others(tx, request, owner)]


def _others(tx: Session, request: OverageRequest, refs: Sequence[PersonRef]) -> list[PersonRef]:
    """Those who are not the requester under another name."""
    requester = people.find(tx, request.requester) or Person(request.requester, request.requester)
    return [ref for ref in refs if not requester.is_called(ref)]


def _progress(tx: Session, bot: Bot, request: OverageRequest) -> Progress | None:
    record = raises.load(tx, request.id)
    if record is None:
        return None
    version = record.ended_version if record.end_noted else record.applied_version
    targets = followers(tx, bot, request.budget, version)
    seen = request.decision_figures or request.figures
    return Progress(
        raised=record.raised,
        limit=Micros(seen.limit + record.raised.extra),
        target=bool(targets_of(bot, request.budget)),
        targets=targets,
        applied_at=record.applied_at,
        ended_at=record.raised.ends_at if record.end_noted else None,
        restored_at=record.restored_at,
    )
