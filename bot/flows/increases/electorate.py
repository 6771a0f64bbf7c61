"""Who may decide an increase request, asked of Slack at the moment of the decision."""

from datetime import datetime

from bot.clients.slack import DeliveryError
from bot.domain.budgets import PersonRef
from bot.domain.errors import UserError
from bot.domain.increases import Increase, IncreaseState
from bot.domain.people import Electorate, Person, refusal
from bot.effects import electors
from bot.effects import increases as effects
from bot.flows.increases.looking import load
from bot.parts import Bot
from store import people

Lists = list[tuple[str, tuple[PersonRef, ...]]]


def electorate_of(
    bot: Bot, increase: Increase, actor_id: str, now: datetime
) -> tuple[Person, Person, Electorate, str]:
    """Who decides, who asks, who may, and our workspace; asked with no transaction open."""
    try:
        actor = bot.slack.person(actor_id)
        member = _member(bot, increase)
        lists = [(name, electors.with_ids(bot, actor, refs)) for name, refs in _lists(bot)]
        team = bot.slack.team_id()
    except DeliveryError as error:
        raise UserError(
            "Slack did not tell who you are, so nothing was decided. Press again in a minute. "
            f"({error})"
        ) from None
    with bot.db.transaction() as tx:
        people.remember(tx, actor.id, actor, now)
    return actor, member, Electorate(tuple(lists)), team


def tell_if_nobody_is_left(bot: Bot, increase: Increase, now: datetime) -> None:
    """
    Right after it was found: when nobody here could decide it, operators hear so at once.

    When Slack does not answer, nothing is known and nothing is said.
    """
    try:
        if _can_be_decided(bot, increase):
            return
    except DeliveryError:
        return
    with bot.db.transaction() as tx:
        current = load(tx, increase.id, lock=True)
        if current.state is IncreaseState.PENDING:
            effects.tell_nobody_left(tx, bot, current, now)


def _can_be_decided(bot: Bot, increase: Increase) -> bool:
    if increase.member.email is None:
        return False
    member, team = _member(bot, increase), bot.slack.team_id()
    electorate = Electorate(tuple(_lists(bot, ghosts=True)))
    able = electors.accounts(bot, electorate)
    return any(refusal(person, member, electorate, team) is None for person in able)


def _lists(bot: Bot, *, ghosts: bool = False) -> Lists:
    """Per list whom the policy names today, and who is in its user group."""
    lists: Lists = []
    for name in effects.lists_of(bot):
        found = bot.policy.approvers[name]
        group = found.usergroup
        members = electors.members(bot, group, ghosts=ghosts) if group else ()
        lists.append((name, (*found.people, *(PersonRef(member) for member in members))))
    return lists


def _member(bot: Bot, increase: Increase) -> Person:
    """By their account too: where Slack hides addresses, that is all there is to compare."""
    member = increase.member
    account = electors.account(bot, member.email) if member.email else None
    id_ = account.id if account else member.person.id
    return Person(id_, member.name or id_, member.email)
