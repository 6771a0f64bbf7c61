"""Changing a request that is open: what was approved of it so far is void."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bot.domain.errors import UserError
from bot.domain.funding import choice_of, funded
from bot.domain.overages import Draft, OverageRequest, draft
from bot.domain.people import Person
from bot.domain.terms import Changed, Seen, with_its_end
from bot.effects import requests as request_effects
from bot.flows.overages.askers import check_asker
from bot.flows.overages.funding import sources_of
from bot.flows.overages.outcomes import load, record
from bot.flows.overages.seen import why_not_now
from bot.parts import Bot
from store import overages, people, standings
from store.amendments import AMENDED

GONE = "This budget is no longer in the policy file; withdraw the request."


def change(
    bot: Bot,
    seen: Seen,
    requester: Person,
    amount: str,
    reason: str,
    last_day: date | None,
    now: datetime,
    *,
    funding: str = "",
) -> OverageRequest:
    """
    Amount, reason or end of an open request, checked like a new one; its route and expiry are new.

    The row is locked and the revision compared: of a change and a decision at once one comes first,
    and the other is told. The same form sent twice changes once.

    Raises:
        UserError: it is over or was changed meanwhile, or what the policy does not allow.
    """
    with bot.db.transaction() as tx:
        budget = bot.policy.tree.budgets.get(load(tx, seen.request).budget)
    if budget is None:
        raise UserError(GONE)
    check_asker(bot, budget, requester, now)
    with bot.db.transaction() as tx:
        request = load(tx, seen.request, lock=True)
        if request.requester != requester.id:
            raise UserError("Only whoever asked can change a request.")
        people.remember(tx, requester.id, requester, now)
        standing = standings.gather(tx, bot.policy, now, [budget.id])[budget.id]
        names = [requester.id, *([requester.email] if requester.email else [])]
        drafted = draft(standing, requester.id, amount, reason, last_day, bot.policy, names, now)
        sources = sources_of(tx, bot, budget, now)
        drafted = replace(drafted, funding=funded(funding, sources, drafted.amount))
        drafted = with_its_end(drafted, request, last_day, budget.time_zone)
        if request.revision == seen.revision + 1 and _is_the_same(request, drafted):
            return request  # the form came twice
        if (over := why_not_now(tx, bot, request, seen.revision, now)) is not None:
            raise UserError(over.text)
        if _is_the_same(request, drafted):
            raise UserError("Nothing is different: change something, or close the form.", "amount")
        remind_at = now + budget.overage.remind_after
        if not overages.amend(tx, request, drafted, remind_at):
            raise UserError("It was decided or changed in this very moment; look at it again.")
        after = load(tx, request.id)
        changed = Changed(now, request.asked)
        request_effects.tell_changed(tx, bot, after, standing, changed, now)
        data: dict[str, object] = {"before": _terms(request), "after": _terms(after)}
        record(tx, bot, AMENDED, requester.id, after, now, data)
    bot.wake()
    return after


def _is_the_same(request: OverageRequest, drafted: Draft) -> bool:
    return (request.amount, request.ends_at, request.reason, request.funding) == (
        drafted.amount,
        drafted.ends_at,
        drafted.reason,
        drafted.funding,
    )


def _terms(request: OverageRequest) -> dict[str, Any]:
    return {
        "amount": request.amount,
        "until": request.ends_at.isoformat(),
        "reason": request.reason,
        "funding": choice_of(request.funding),
        "route": list(request.lists),
        "both": request.both,
        "revision": request.revision,
    }
