"""Deciding on an overage request: exactly once, by whoever may."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.domain.overages import OverageRequest, RequestState, Terms
from bot.domain.people import DONOR, Electorate, Person, Refusal, refusal, settles
from bot.domain.terms import least
from bot.effects import deciders as asked
from bot.effects import request_cards
from bot.flows.overages.clicks import AS_IT_IS, Click
from bot.flows.overages.electorate import electorate_of, wants_donor
from bot.flows.overages.funding import above_reserve
from bot.flows.overages.outcomes import (
    Counted,
    Decided,
    NotDecided,
    Outcome,
    close,
    load,
    lock_limits,
    lost,
    record,
    refuse,
)
from bot.flows.overages.room import no_room
from bot.flows.overages.seen import why_not_now
from bot.flows.overages.voters import Voters, strike, voters_of
from bot.parts import Bot
from bot.render.blocks import escape
from bot.render.card import deciders_text
from store import people, standings, votes
from store.votes import Vote


@dataclass(frozen=True, slots=True)
class Case:
    """A request whose row is locked, and somebody who may decide it."""

    request: OverageRequest
    actor: Person
    requester: Person
    electorate: Electorate
    voters: Voters
    click: Click
    now: datetime


def decide(
    bot: Bot,
    request_id: int,
    actor_id: str,
    outcome: RequestState,
    reason: str | None,
    now: datetime,
    click: Click = AS_IT_IS,
) -> Outcome:
    """
    Approve or deny: exactly one outcome, however many decide at once.

    Who decides is asked of Slack now, not when the card was posted. Then one transaction locks the
    request, checks that it is what the click was about and the right to decide, and records the
    outcome and everything that follows from it.
    """
    what = "approve" if outcome is RequestState.APPROVED else "deny"
    with bot.db.transaction() as tx:
        looked = load(tx, request_id)
        if (over := why_not_now(tx, bot, looked, click.revision, now)) is not None:
            return refuse(tx, bot, what, actor_id, looked, over, now, click)
    actor, requester, electorate, team = electorate_of(bot, looked, actor_id, now)
    voters = voters_of(bot, looked, requester, electorate, team)
    with bot.db.transaction() as tx:
        request = load(tx, request_id, lock=True)
        if (over := why_not_now(tx, bot, request, looked.revision, now)) is not None:
            return refuse(tx, bot, what, actor_id, request, over, now, click)
        refused = refusal(actor, requester, electorate, team)
        if refused is not None:
            data = {"why": refused.value, **click.origin}
            record(tx, bot, "decision.refused", actor.id, request, now, data)
            return NotDecided(refused_text(request, refused), refused)
        case = Case(request, actor, requester, electorate, voters, click, now)
        if outcome is RequestState.APPROVED:
            result = _approve(tx, bot, case, reason)
        else:
            result = _closed(tx, bot, case, outcome, (actor.id,), reason)
    bot.wake()
    return result


def _approve(tx: Session, bot: Bot, case: Case, reason: str | None) -> Outcome:
    request, actor, terms, now = case.request, case.actor, case.click.terms, case.now
    votes.forget_over(tx, request.id, now)
    before, struck = strike(tx, bot, request, case.voters, now)
    mine = next((vote for vote in before if _is(tx, actor, vote.person)), None)
    if mine is not None and (terms is None or terms == (mine.terms or request.asked)):
        already = f"You have approved already. {_missing(bot, case, before)}"
        return _left_open(tx, bot, case, struck, Counted(already))
    vote = Vote(mine.person if mine else actor.id, case.electorate.lists_of(actor), terms)
    others = [other for other in before if other is not mine]
    granted = least(given.terms or request.asked for given in (*others, vote))
    short = above_reserve(tx, bot, request, granted, now)
    lock_limits(tx, request)
    if (why := short or no_room(tx, bot, request, granted, now)) is not None:
        refused = refuse(tx, bot, "approve", actor.id, request, NotDecided(why), now, case.click)
        return _left_open(tx, bot, case, struck, refused)
    if mine is not None:
        votes.change(tx, request.id, vote)
    else:
        votes.add(tx, request.id, vote, now)
    given = [*others, vote]
    donor = wants_donor(request, case.requester, case.electorate)
    if settles([v.lists for v in given], request.lists, both=request.both, donor=donor):
        everyone = tuple(v.person for v in given)
        return _closed(tx, bot, case, RequestState.APPROVED, everyone, reason, granted)
    missing = _missing(bot, case, given)
    asked.show_open(tx, bot, request, now)
    offered = vote.terms or request.asked
    data: dict[str, object] = {
        "approved_amount": offered.amount,
        "approved_until": offered.ends_at.isoformat(),
        "lists": sorted(vote.lists),
        "reason": reason,
        **case.click.origin,
    }
    seen = standings.of_budget(tx, bot.policy, request.budget, now)
    record(tx, bot, "decision.vote", actor.id, request, now, data, seen)
    return Counted(" ".join(filter(None, ["Your approval counts.", struck, missing])))


def _left_open(tx: Session, bot: Bot, case: Case, struck: str, outcome: Outcome) -> Outcome:
    """Nothing was added; where an approval counts no more, the cards say so."""
    if struck:
        asked.show_open(tx, bot, case.request, case.now)
    return outcome


def _closed(
    tx: Session,
    bot: Bot,
    case: Case,
    outcome: RequestState,
    deciders: tuple[str, ...],
    reason: str | None,
    granted: Terms | None = None,
) -> Outcome:
    closed = close(tx, bot, case.request, outcome, deciders, reason, case.now, granted, case.click)
    return Decided(closed) if closed else lost(tx, bot, case.request, case.now)


def _is(tx: Session, actor: Person, voter: str) -> bool:
    """Whether somebody who has approved is this person, by another account too."""
    known = people.find(tx, voter)
    email = known.email if known else None
    return voter == actor.id or (email is not None and actor.is_called(email))


def _missing(bot: Bot, case: Case, given: list[Vote]) -> str:
    """Whose word is still needed."""
    request = case.request
    donor = wants_donor(request, case.requester, case.electorate)
    if donor and not any(DONOR in vote.lists for vote in given):
        name = escape(request_cards.donor_name(bot, request) or "")
        return f"The owner of {name}, where the dollars come from, has to agree too."
    votes_of = [vote.lists for vote in given]
    missing = [
        name
        for name in request.lists
        if not request.both or settles([*votes_of, frozenset({name})], request.lists, both=True)
    ]
    return (
        f"Somebody of {deciders_text(tuple(missing or request.lists), False)} has to approve too."
    )


def refused_text(request: OverageRequest, refused: Refusal) -> str:
    text = f"Request #{request.id}: {refused.value}."
    if refused is Refusal.NOT_APPROVER:
        text += f" Who may: {deciders_text(request.lists, request.both)}."
    return text
