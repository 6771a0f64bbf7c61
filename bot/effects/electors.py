"""Those whom approver lists name, as Slack knows them at this moment."""

from collections.abc import Iterator

from bot.clients.slack import DeliveryError
from bot.domain.budgets import PersonRef
from bot.domain.people import Electorate, Person
from bot.parts import Bot


def members(bot: Bot, group: str, *, ghosts: bool) -> tuple[str, ...]:
    """Who is in a user group; with `ghosts`, one that does not exist has no members."""
    try:
        return bot.slack.usergroup(group)
    except DeliveryError as error:
        if ghosts and error.permanent:
            return ()
        raise


def accounts(bot: Bot, electorate: Electorate) -> Iterator[Person]:
    """One after the other, so that no more are asked for than it takes; each account once."""
    met = set[str]()
    for ref in electorate.everyone:
        person = account(bot, ref)
        if person is not None and person.id not in met:
            met.add(person.id)
            yield person


def account(bot: Bot, ref: str) -> Person | None:
    """None: nobody has this name."""
    try:
        return bot.slack.person(ref)
    except DeliveryError as error:
        if error.permanent:
            return None
        raise


def with_ids(bot: Bot, actor: Person, refs: tuple[PersonRef, ...]) -> tuple[PersonRef, ...]:
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
