"""Asking for an overage, and what becomes of a request nobody decides."""

from dataclasses import replace
from datetime import date, datetime

from sqlmodel import Session

from bot.domain.budgets import BudgetId
from bot.domain.errors import UserError
from bot.domain.funding import funded
from bot.domain.money import dollars
from bot.domain.overages import (
    OverageRequest,
    RequestState,
    draft,
)
from bot.domain.people import Person
from bot.effects import requests as request_effects
from bot.effects.request_cards import card_of
from bot.flows.overages.askers import check_asker
from bot.flows.overages.clicks import AS_IT_IS, Click
from bot.flows.overages.funding import sources_of
from bot.flows.overages.outcomes import (
    GONE,
    Asked,
    Decided,
    NotDecided,
    Outcome,
    close,
    load,
    record,
    refuse,
    why_over,
)
from bot.parts import Bot
from bot.render.blocks import moment
from bot.render.request import receipt
from store import overages, people, standings


def ask(
    bot: Bot,
    budget: BudgetId,
    requester: Person,
    amount: str,
    reason: str,
    last_day: date | None,
    trigger: str,
    now: datetime,
    *,
    funding: str = "",
) -> Asked:
    """
    Record an overage request and post it to those who decide.

    `trigger` names the submission: Slack may deliver it twice, and twice is one request. `funding`
    is what the form's choice says; empty: the reserve while it has room, else the commitment.

    Raises:
        UserError: what the policy does not allow, with the field and what would be accepted.
    """
    check_asker(bot, bot.policy.tree.budgets[budget], requester, now)
    with bot.db.transaction() as tx:
        standing = standings.gather(tx, bot.policy, now, [budget])[budget]
        names = [requester.id, *([requester.email] if requester.email else [])]
        people.remember(tx, requester.id, requester, now)
        drafted = draft(standing, requester.id, amount, reason, last_day, bot.policy, names, now)
        sources = sources_of(tx, bot, standing.budget, now)
        drafted = replace(drafted, funding=funded(funding, sources, drafted.amount))
        remind_at = now + standing.budget.overage.remind_after
        request = overages.add(tx, drafted, trigger, remind_at, now)
        if request is None:
            before = overages.by_trigger(tx, trigger)
            if before is None:
                raise UserError(_open_already(tx, bot, budget, requester.id), "budget")
            return Asked(before, _receipt(tx, bot, before))
        request_effects.announce(tx, bot, request, standing, now)
        record(tx, bot, "request.asked", requester.id, request, now, {"reason": request.reason})
        text = _receipt(tx, bot, request)
    bot.wake()
    return Asked(request, text)


def withdraw(
    bot: Bot, request_id: int, actor_id: str, now: datetime, click: Click = AS_IT_IS
) -> Outcome:
    """The requester takes a request back while it is open."""
    with bot.db.transaction() as tx:
        request = load(tx, request_id, lock=True)
        if (over := why_over(tx, bot, request, now)) is not None:
            return refuse(tx, bot, "withdraw", actor_id, request, over, now, click)
        if request.requester != actor_id:
            why = NotDecided("Only whoever asked can withdraw a request.")
            return refuse(tx, bot, "withdraw", actor_id, request, why, now, click)
        by, state = (actor_id,), RequestState.WITHDRAWN
        closed = close(tx, bot, request, state, by, None, now, click=click)
    bot.wake()
    return Decided(closed) if closed else NotDecided(GONE)


def expire(bot: Bot, now: datetime) -> int:
    """Close the requests that nobody decided in time; in the database first, then the messages."""
    with bot.db.transaction() as tx:
        closed = [
            close(tx, bot, request, RequestState.EXPIRED, (), None, now)
            for request in overages.overdue(tx, now)
        ]
    bot.wake()
    return sum(1 for request in closed if request is not None)


def _open_already(tx: Session, bot: Bot, budget: BudgetId, requester: str) -> str:
    there = overages.open_of(tx, budget, requester)
    if there is None:
        return "This was sent already. Type the command again."
    zone = bot.policy.organization.time_zone
    return (
        f"You have an open request for this budget: #{there.id}, {dollars(there.amount)} until "
        f"{moment(there.ends_at, zone)}. Press “Change…” in the message you got for it, or "
        "withdraw it first."
    )


def _receipt(tx: Session, bot: Bot, request: OverageRequest) -> str:
    return receipt(card_of(tx, bot, request)).text
