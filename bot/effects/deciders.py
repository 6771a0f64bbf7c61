"""Who is asked to decide a request, and what they are told until somebody has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Budget, PersonRef
from bot.domain.overages import OWNER, OverageRequest, approvers_of
from bot.domain.people import Person
from bot.domain.terms import Changed
from bot.effects import messages
from bot.effects.request_cards import card_of, for_donor, subject, update_cards
from bot.parts import Bot
from bot.render.blocks import Rendered
from bot.render.card import Card
from bot.render.decision_notes import no_longer_yours, nobody_note, reminder_note, waiting_lead
from bot.render.reminder import with_lead
from bot.render.request import receipt, request_card
from store import people, standings, votes


@dataclass(frozen=True, slots=True)
class Deciders:
    """Those a card goes to: people by name, user groups, and whoever gives the dollars."""

    people: tuple[PersonRef, ...]
    groups: tuple[str, ...]
    donor: PersonRef | None = None


def deciders_of(tx: Session, bot: Bot, request: OverageRequest, budget: Budget) -> Deciders:
    """
    Everybody whom the policy names today for a request, but for the requester.

    An owner of the giving budget who is also among those who decide is asked once.
    """
    named: list[PersonRef] = []
    groups: list[str] = []
    for name in request.lists:
        known = name == OWNER or name in bot.policy.approvers
        named += approvers_of(name, budget, bot.policy) if known else ()
        group = bot.policy.approvers[name].usergroup if known and name != OWNER else None
        groups += [group] if group else []
    donor = bot.policy.tree.budgets.get(request.donor) if request.donor else None
    giving = not_the_requester(tx, request, [donor.owner] if donor else [])
    asked = tuple(dict.fromkeys(not_the_requester(tx, request, named)))
    return Deciders(
        asked,
        tuple(dict.fromkeys(groups)),
        next((ref for ref in giving if ref not in asked), None),
    )


def show_open(
    tx: Session,
    bot: Bot,
    request: OverageRequest,
    now: datetime,
    changed: Changed | None = None,
) -> None:
    """
    Something was added or changed while it is open: an approval, a question, its answer, the terms.

    The moment is part of the name, because what was shown before may come again. `changed`: in this
    very transaction. Whoever is no longer asked has no buttons any more.
    """
    card = card_of(tx, bot, request)
    if changed is not None:
        card = replace(card, changed=changed)
    seen = f"{'+'.join(card.votes)}:{card.questions}:{card.answered}"
    state = f"open:{request.revision}:{seen}:{now.isoformat()}"
    update_cards(tx, card, state, now, instead=_former(tx, bot, card))
    messages.update_copies(tx, f"{subject(request.id)}:receipt", state, receipt(card), now)


def _former(tx: Session, bot: Bot, card: Card) -> Callable[[str], Rendered | None] | None:
    """What those see who had a card, and are not on the route any more since it was changed."""
    request = card.request
    budget = bot.policy.tree.budgets.get(request.budget)
    if request.revision == 1 or budget is None:
        return None
    asked = deciders_of(tx, bot, request, budget)
    if asked.groups:
        return None  # who is in a group is asked only when it is written to
    shown = no_longer_yours(card)

    def instead(ref: str) -> Rendered | None:
        person = _account(tx, ref) or Person(ref, ref)
        names = [*asked.people, *([asked.donor] if asked.donor else [])]
        still = any(ref == name or person.is_called(name) for name in names)
        return None if still else shown

    return instead


def remind(
    tx: Session,
    bot: Bot,
    request: OverageRequest,
    budget: Budget,
    then: datetime | None,
    now: datetime,
) -> None:
    """
    The card once more to each of those who may decide and have not approved, and a word in the
    thread of the channel's card. `then` is when the next reminder comes.

    The caller has locked the request; what is not sent before it is decided is not sent at all.
    """
    card, about = card_of(tx, bot, request), subject(request.id)
    number = request.reminded + 1
    lead = waiting_lead(card, then, standings.of_budget(tx, bot.policy, budget.id, now))
    voted = [person for vote in votes.of(tx, request.id) if (person := _account(tx, vote.person))]
    asked = deciders_of(tx, bot, request, budget)
    again = [(ref, about, False) for ref in asked.people]
    again += [(asked.donor, for_donor(request.id), True)] if asked.donor else []
    for ref, copies, giving in again:
        if any(person.is_called(ref) for person in voted) or _has_left(tx, ref):
            continue
        key = f"{about}:reminder:{request.revision}:{number}:{ref}"
        shown = with_lead(request_card(card, for_donor=giving), lead)
        to: dict[str, str] = {"person": ref}
        messages.post(tx, key, to, shown, now, subject=copies, while_open=request.id)
    shown = with_lead(request_card(card), lead)
    for group in asked.groups:
        key = f"{about}:reminder:{request.revision}:{number}:group:{group}"
        of_it = {"request": request.id, "again": number}
        messages.post_to_group(tx, key, group, shown, now, subject=about, about=of_it)
    messages.post_in_thread(
        tx,
        f"{about}:reminder:{request.revision}:{number}:thread",
        f"{about}:approvals",
        reminder_note(card, then),
        now,
        subject=f"{about}:thread",
        while_open=request.id,
    )


def tell_nobody_left(tx: Session, bot: Bot, request: OverageRequest, now: datetime) -> bool:
    """The requester and the operators hear that nobody could decide it; False: they know."""
    note, about = nobody_note(card_of(tx, bot, request)), subject(request.id)
    key, copies = f"{about}:nobody:{request.revision}", f"{about}:nobody"
    first = messages.tell_operators(tx, bot, f"{key}:operators", note, now, subject=copies)
    messages.tell_people(tx, key, [request.requester], note, now, subject=copies)
    return first


def not_the_requester(
    tx: Session, request: OverageRequest, refs: Sequence[PersonRef]
) -> list[PersonRef]:
    """Those who are not the requester under another name."""
    requester = _account(tx, request.requester) or Person(request.requester, request.requester)
    return [ref for ref in refs if not requester.is_called(ref)]


def _account(tx: Session, ref: str) -> Person | None:
    return people.find(tx, ref)


def _has_left(tx: Session, ref: str) -> bool:
    """A reminder for somebody who has left would be a letter to the operators each time."""
    known = _account(tx, ref)
    return known is not None and known.deleted
