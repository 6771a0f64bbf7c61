"""What goes out about an overage request: its card everywhere, and who is told what."""

import hashlib
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Budget, BudgetId
from bot.domain.overages import OverageRequest, RequestState
from bot.domain.standings import Standing
from bot.domain.terms import Changed
from bot.effects import messages, recording
from bot.effects.deciders import deciders_of, not_the_requester, show_open
from bot.effects.request_cards import card_of, for_donor, show_outcome, subject, update_cards
from bot.parts import Bot
from bot.render.blocks import Rendered
from bot.render.card import Card
from bot.render.decision_notes import donor_note
from bot.render.outcome import raise_note, requester_note
from bot.render.request import receipt, request_card
from store import limits, outbox, overages, raises, standings


def announce(
    tx: Session,
    bot: Bot,
    request: OverageRequest,
    standing: Standing,
    now: datetime,
    changed: Changed | None = None,
) -> None:
    """
    Post the card to the approvals channel and to each approver's DM; a receipt to the requester.

    In a transfer the owner of the budget that it takes from gets one with buttons of their own.
    Of a request that was `changed` in this transaction, those get it who have none yet.
    """
    card, about = card_of(tx, bot, request), subject(request.id)
    if changed is not None:
        card = replace(card, changed=changed)
    rendered = request_card(card)
    channel = {"channel": bot.policy.organization.channels.approvals}
    messages.post(tx, f"{about}:approvals", channel, rendered, now, subject=about, priority=4)
    asked = deciders_of(tx, bot, request, standing.budget)
    for ref in asked.people:
        key = f"{about}:dm:{ref}"
        messages.post(tx, key, {"person": ref}, rendered, now, subject=about, priority=4)
    for group in asked.groups:
        key, card_of_it = f"{about}:group:{group}", {"request": request.id}
        if request.revision > 1:  # the group may have been written to before it was changed
            key += f":{request.revision}"
        card_of_it["revision"] = request.revision
        messages.post_to_group(tx, key, group, rendered, now, subject=about, about=card_of_it)
    if asked.donor is not None:
        giving = request_card(card, for_donor=True)
        to: dict[str, str] = {"person": asked.donor}
        copies = for_donor(request.id)
        messages.post(
            tx, f"{about}:donor:{asked.donor}", to, giving, now, subject=copies, priority=4
        )
    messages.post(
        tx,
        f"{about}:receipt",
        {"person": request.requester},
        receipt(card),
        now,
        subject=f"{about}:receipt",
    )


def tell_changed(
    tx: Session,
    bot: Bot,
    request: OverageRequest,
    standing: Standing,
    changed: Changed,
    now: datetime,
) -> None:
    """
    Every copy and the receipt show what it is now; whoever is new on the route gets a card.

    Those who were on it and are not any more see that it is not theirs.
    """
    show_open(tx, bot, request, now, changed)
    announce(tx, bot, request, standing, now, changed)


def tell_outcome(tx: Session, bot: Bot, request: OverageRequest, now: datetime) -> None:
    """All copies, the requester's receipt, and a DM to requester and owner."""
    state = request.state.value
    card = show_outcome(tx, bot, request, now, state)
    about = subject(request.id)
    note = requester_note(card)
    messages.update_copies(tx, f"{about}:receipt", state, note, now)
    if request.state is not RequestState.WITHDRAWN:
        told = concerned(tx, bot, request)
        messages.tell_people(tx, f"{about}:{state}", told, note, now, subject=f"{about}:told")
        _answer_in_thread(tx, request, note, now)
    if request.state is RequestState.APPROVED and request.donor is not None:
        donor = bot.policy.tree.budgets.get(request.donor)
        owners = [donor.owner] if donor else []
        key, copies = f"{about}:transfer", f"{about}:transfer"
        messages.tell_people(tx, key, owners, donor_note(card), now, subject=copies)


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
    held = limits.load(tx, request.budget)
    note = raise_note(card, lifted, standing, held.state if held else None)
    told = concerned(tx, bot, request)
    messages.tell_people(tx, f"{about}:{state}", told, note, now, subject=f"{about}:progress")


def tell_confirmed(tx: Session, bot: Bot, budget: BudgetId, version: int, now: datetime) -> None:
    """All targets hold `version`: only now may anything say that the limit is lifted, or back."""
    applied, restored = raises.confirm(tx, budget, version, now)
    over = {record.raised.request for record in restored}
    standing = None
    if applied or restored:
        standing = standings.of_budget(tx, bot.policy, budget, now)
    data = {"version": version}
    for record in applied:
        request = overages.load(tx, record.raised.request)
        recording.about_exception(
            tx, bot, "exception.applied", recording.TARGET, record, data, now, standing
        )
        if request is not None and not record.end_noted and request.id not in over:
            tell_progress(tx, bot, request, now, "applied", lifted=True)
    for record in restored:
        request = overages.load(tx, record.raised.request)
        recording.about_exception(
            tx, bot, "exception.restored", recording.TARGET, record, data, now, standing
        )
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
        update_cards(tx, card, state, now)
        for copies in ("receipt", "told"):
            messages.update_copies(tx, f"{about}:{copies}", state, requester_note(card), now)


def tell_waiting(tx: Session, bot: Bot, budget: BudgetId, what: str, now: datetime) -> None:
    """Whoever waits for a target that does not answer, or refuses, hears of it; `what` is said once."""
    show_waiting(tx, bot, budget, now)
    for record in raises.waiting(tx, budget):
        request = overages.load(tx, record.raised.request)
        if request is None:
            continue
        card = card_of(tx, bot, request)
        about = subject(request.id)
        told = [*concerned(tx, bot, request), *request.decided_by]
        key, note = f"{about}:{what}", raise_note(card, lifted=True)
        messages.tell_people(tx, key, told, note, now, subject=f"{about}:progress")


def _state_of(card: Card) -> str:
    """Names what a card shows of the targets, so that the same is not shown twice."""
    progress = card.progress
    if progress is None:
        return ""
    shown = repr((progress.ended_at, progress.targets)).encode()
    return hashlib.sha256(shown).hexdigest()[:12]


def concerned(tx: Session, bot: Bot, request: OverageRequest) -> list[str]:
    """The requester, and the owner when that is somebody else."""
    budget: Budget | None = bot.policy.tree.budgets.get(request.budget)
    owner = (budget.owner,) if budget else ()
    return [request.requester, *not_the_requester(tx, request, owner)]


def _answer_in_thread(tx: Session, request: OverageRequest, note: Rendered, now: datetime) -> None:
    """Where something was asked or reminded of in the thread, it ends with the outcome."""
    about = subject(request.id)
    if outbox.about(tx, f"{about}:thread", messages.POST):
        key = f"{about}:thread:{request.state.value}"
        messages.post_in_thread(tx, key, f"{about}:approvals", note, now, subject=f"{about}:thread")
