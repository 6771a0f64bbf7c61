"""Deciding on an overage request: exactly once, by whoever may."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.money import dollars
from bot.domain.overages import (
    OverageRequest,
    RequestState,
    most_allowed,
)
from bot.domain.people import Electorate, Person, Refusal, refusal, settles
from bot.effects import requests as request_effects
from bot.flows.overages.electorate import electorate_of
from bot.flows.overages.outcomes import (
    Counted,
    Decided,
    NotDecided,
    Outcome,
    close,
    load,
    lost,
    record,
    why_over,
)
from bot.parts import Bot
from bot.render.blocks import escape
from bot.render.request import deciders_text
from store import standings, votes
from store.votes import Vote


def decide(
    bot: Bot,
    request_id: int,
    actor_id: str,
    outcome: RequestState,
    reason: str | None,
    now: datetime,
) -> Outcome:
    """
    Approve or deny: exactly one outcome, however many decide at once.

    Who decides is asked of Slack now, not when the card was posted. Then one transaction locks the
    request, checks the right to decide, records the outcome and everything that follows from it.
    """
    with bot.db.transaction() as tx:
        request = load(tx, request_id)
        if (over := why_over(tx, bot, request, now)) is not None:
            return over
    actor, requester, electorate, team = electorate_of(bot, request, actor_id, now)
    with bot.db.transaction() as tx:
        request = load(tx, request_id, lock=True)
        if (over := why_over(tx, bot, request, now)) is not None:
            return over
        refused = refusal(actor, requester, electorate, team)
        if refused is not None:
            record(tx, "decision.refused", actor.id, request, now, {"why": refused.value})
            return NotDecided(_refused_text(request, refused), refused)
        if outcome is RequestState.APPROVED and (too_much := _above_policy(tx, bot, request, now)):
            return NotDecided(too_much)
        result = _settle(tx, bot, request, actor, electorate, outcome, reason, now)
    bot.wake()
    return result


def _settle(
    tx: Session,
    bot: Bot,
    request: OverageRequest,
    actor: Person,
    electorate: Electorate,
    outcome: RequestState,
    reason: str | None,
    now: datetime,
) -> Outcome:
    deciders: tuple[str, ...] = (actor.id,)
    if outcome is RequestState.APPROVED:
        if any(vote.person == actor.id for vote in votes.of(tx, request.id)):
            return Counted("You have approved already. A second person has to approve too.")
        given = votes.add(tx, request.id, Vote(actor.id, electorate.lists_of(actor)), now)
        deciders = tuple(vote.person for vote in given)
        if not settles([vote.lists for vote in given], request.lists, both=request.both):
            state = f"votes:{len(given)}"
            request_effects.show_outcome(tx, bot, request, now, state)
            record(tx, "decision.vote", actor.id, request, now, {})
            return Counted("Your approval counts. A second person has to approve too.")
    closed = close(tx, bot, request, outcome, deciders, reason, now)
    return Decided(closed) if closed else lost(tx, bot, request, now)


def _above_policy(tx: Session, bot: Bot, request: OverageRequest, now: datetime) -> str | None:
    """Other exceptions may have been approved since it was asked for: the policy caps their sum."""
    standing = standings.of_budget(tx, bot.policy, request.budget, now)
    if standing is None or request.amount <= (most := most_allowed(standing)):
        return None
    return (
        f"Request #{request.id} can no longer be approved: with the exceptions granted meanwhile "
        f"the policy allows {dollars(most)} more for {escape(standing.budget.name)}. "
        "Deny it, so that less can be asked for."
    )


def _refused_text(request: OverageRequest, refused: Refusal) -> str:
    text = f"Request #{request.id}: {refused.value}."
    if refused is Refusal.NOT_APPROVER:
        text += f" Who may: {deciders_text(request.lists, request.both)}."
    return text
