"""Who may decide a request, asked of Slack at the moment of the decision."""

from dataclasses import replace
from datetime import datetime

from bot.clients.slack import DeliveryError
from bot.domain.budgets import Budget, PersonRef
from bot.domain.errors import UserError
from bot.domain.overages import OWNER, OverageRequest, RequestState, approvers_of
from bot.domain.people import DONOR, Electorate, Person, refusal, settles
from bot.effects import deciders, electors
from bot.effects.recording import SYSTEM
from bot.flows.overages.outcomes import load, record
from bot.parts import Bot
from store import people

Lists = list[tuple[str, tuple[PersonRef, ...]]]


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
        lists = _lists(bot, request, budget)
        team = bot.slack.team_id()
        lists = [(name, electors.with_ids(bot, actor, refs)) for name, refs in lists]
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


def who_decides(
    bot: Bot, request: OverageRequest, actor_id: str, now: datetime
) -> tuple[Person, Electorate]:
    """Who somebody is, and who may decide the request today."""
    actor, _, electorate, team = electorate_of(bot, request, actor_id, now)
    is_outside = bool(team and actor.team_id and actor.team_id != team)
    return (replace(actor, stranger=True) if is_outside else actor), electorate


def wants_donor(request: OverageRequest, requester: Person, electorate: Electorate) -> bool:
    """
    Whether somebody has to agree to a transfer.

    Whoever asks for their own budget's dollars has agreed by asking; nobody decides their own
    request, so nobody else could.
    """
    return request.donor is not None and DONOR not in electorate.lists_of(requester)


def tell_if_nobody_is_left(bot: Bot, request: OverageRequest, now: datetime) -> None:
    """
    Right after asking, and after Slack was answered: when nobody could decide it, say so at once.

    It stays open until it expires: somebody may be named in the policy meanwhile. When Slack does
    not answer, nothing is known and nothing is said.
    """
    budget = bot.policy.tree.budgets.get(request.budget)
    if budget is None or request.state is not RequestState.PENDING:
        return
    try:
        if _can_be_decided(bot, request, budget):
            return
    except (DeliveryError, KeyError):
        return
    with bot.db.transaction() as tx:
        current = load(tx, request.id, lock=True)
        if current.state is not RequestState.PENDING or current.revision != request.revision:
            return
        if deciders.tell_nobody_left(tx, bot, current, now):
            record(tx, bot, "request.nobody_left", SYSTEM, current, now, {})
    bot.wake()


def _can_be_decided(bot: Bot, request: OverageRequest, budget: Budget) -> bool:
    requester = _requester(bot, request)
    electorate = Electorate(tuple(_lists(bot, request, budget, ghosts=True)))
    team = bot.slack.team_id()
    donor = wants_donor(request, requester, electorate)
    able: list[frozenset[str]] = []
    for person in electors.accounts(bot, electorate):
        if refusal(person, requester, electorate, team) is None:
            able.append(electorate.lists_of(person))
            if settles(able, request.lists, both=request.both, donor=donor):
                return True
    return False


def _lists(bot: Bot, request: OverageRequest, budget: Budget, *, ghosts: bool = False) -> Lists:
    """
    Per list whom the policy names today, and who is in its user group.

    With `ghosts`, a group that does not exist has no members; else Slack's refusal is passed on.
    """
    lists: Lists = []
    for name in request.lists:
        group = None if name == OWNER else bot.policy.approvers[name].usergroup
        members = electors.members(bot, group, ghosts=ghosts) if group else ()
        named = approvers_of(name, budget, bot.policy)
        lists.append((name, (*named, *(PersonRef(member) for member in members))))
    if request.donor is not None:
        donor = bot.policy.tree.budgets.get(request.donor)
        if donor is None:
            raise KeyError(request.donor)
        lists.append((DONOR, (donor.owner,)))
    return lists


def _requester(bot: Bot, request: OverageRequest) -> Person:
    with bot.db.transaction() as tx:
        known = people.find(tx, request.requester)
    return known or bot.slack.person(request.requester)
