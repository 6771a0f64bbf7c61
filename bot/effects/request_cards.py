"""The cards of a request: what they show now, wherever they stand."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from bot.domain.money import Micros
from bot.domain.overages import OverageRequest, Terms
from bot.domain.terms import least
from bot.effects import messages
from bot.effects.followers import followers
from bot.effects.funding import source_of
from bot.parts import Bot, targets_of
from bot.render.blocks import Rendered
from bot.render.card import Card, Progress, deciders_text
from bot.render.figures import response_of
from bot.render.request import request_card
from store import amendments, questions, raises, votes
from store.votes import Vote


def subject(request_id: int) -> str:
    """What every copy of a card is about."""
    return f"request:{request_id}"


def for_donor(request_id: int) -> str:
    """The copies of the owner whose budget a transfer takes from: they have other buttons."""
    return f"{subject(request_id)}:donor"


def card_of(tx: Session, bot: Bot, request: OverageRequest) -> Card:
    """The card of a request as it stands now."""
    budget = bot.policy.tree.budgets.get(request.budget)
    given = votes.of(tx, request.id)
    asked = questions.of(tx, request.id)
    donor = donor_name(bot, request)
    return Card(
        request=request,
        budget_name=budget.name if budget else request.budget,
        zone=budget.time_zone if budget else bot.policy.organization.time_zone,
        deciders=deciders_text(request.lists, request.both, donor),
        votes=tuple(vote.person for vote in given),
        progress=_progress(tx, bot, request),
        offered=_offered(request, given),
        questions=len(asked),
        answered=sum(1 for question in asked if question.answered_at),
        donor=donor,
        response=response_of(budget) if budget else "",
        source=source_of(tx, bot, request),
        changed=amendments.last(tx, request),
    )


def donor_name(bot: Bot, request: OverageRequest) -> str | None:
    if request.donor is None:
        return None
    donor = bot.policy.tree.budgets.get(request.donor)
    return donor.name if donor else request.donor


def update_cards(
    tx: Session,
    card: Card,
    state: str,
    now: datetime,
    *,
    instead: Callable[[str], Rendered | None] | None = None,
) -> None:
    """
    Bring every copy up to date; `state` names what it shows now.

    `instead`: what somebody sees whom it is not for any more.
    """
    about = card.request.id
    messages.update_copies(tx, subject(about), state, request_card(card), now, instead=instead)
    agreeing = request_card(card, for_donor=True)
    messages.update_copies(tx, for_donor(about), state, agreeing, now, instead=instead)


def show_outcome(tx: Session, bot: Bot, request: OverageRequest, now: datetime, state: str) -> Card:
    """The card as it stands now, in every copy."""
    card = card_of(tx, bot, request)
    update_cards(tx, card, state, now)
    return card


def _offered(request: OverageRequest, given: list[Vote]) -> Terms | None:
    """What all approvals have in common, when that is less than what was asked for."""
    if not given:
        return None
    offered = least(vote.terms or request.asked for vote in given)
    return None if offered == request.asked else offered


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
        ended_by=record.ended_by,
        planned_ends_at=record.planned_ends_at,
    )
