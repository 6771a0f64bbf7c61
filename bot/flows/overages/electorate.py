"""Who may decide a request, asked of Slack at the moment of the decision."""

from datetime import datetime

from bot.clients.slack import DeliveryError
from bot.domain.budgets import PersonRef
from bot.domain.errors import UserError
from bot.domain.overages import (
    OWNER,
    OverageRequest,
    approvers_of,
)
from bot.domain.people import Electorate, Person
from bot.parts import Bot
from store import people


def electorate_of(
    bot: Bot, request: OverageRequest, actor_id: str, now: datetime
) -> tuple[Person, Person, Electorate, str]:
    """Ask Slack, with no transaction open, who the people are and who is in the groups today."""
    budget = bot.policy.tree.budgets.get(request.budget)
    if budget is None:
        raise UserError(
            "This budget is no longer in the policy file; the request cannot be decided."
        )
    try:
        actor = bot.slack.person(actor_id)
        requester = _requester(bot, request)
        lists: list[tuple[str, tuple[PersonRef, ...]]] = []
        for name in request.lists:
            group = None if name == OWNER else bot.policy.approvers[name].usergroup
            members = bot.slack.usergroup(group) if group else ()
            named = approvers_of(name, budget, bot.policy)
            lists.append((name, (*named, *(PersonRef(member) for member in members))))
        team = bot.slack.team_id()
        lists = [(name, _with_ids(bot, actor, refs)) for name, refs in lists]
    except DeliveryError as error:
        raise UserError(
            "Slack did not tell who you are, so nothing was decided. Press again in a minute. "
            f"({error})"
        ) from None
    except KeyError as error:
        raise UserError(
            f"The approver list {error} is no longer in the policy file; tell an operator."
        ) from None
    with bot.db.transaction() as tx:
        people.remember(tx, actor.id, actor, now)
    return actor, requester, Electorate(tuple(lists)), team


def _requester(bot: Bot, request: OverageRequest) -> Person:
    with bot.db.transaction() as tx:
        known = people.find(tx, request.requester)
    return known or bot.slack.person(request.requester)


def _with_ids(bot: Bot, actor: Person, refs: tuple[PersonRef, ...]) -> tuple[PersonRef, ...]:
    """Where Slack hides e-mail addresses, the list's addresses are looked up instead."""
    if actor.email is not None or any(actor.is_called(ref) for ref in refs):
        return refs
    found: list[PersonRef] = []
    for ref in refs:
        if "@" in ref:
            try:
                found.append(PersonRef(bot.slack.person(ref).id))
            except DeliveryError as error:
                if not error.permanent:
                    raise
    return (*refs, *found)
