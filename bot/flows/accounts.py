"""Who somebody is: asked of Slack at most once an hour, and guessed when Slack does not answer."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.clients.slack import DeliveryError
from bot.domain.errors import UserError
from bot.domain.people import Person
from bot.parts import Bot
from store import people

KNOWN_FOR = timedelta(hours=1)


def who(bot: Bot, user_id: str, now: datetime) -> Person:
    """
    The account behind a signed payload's user id.

    Without an answer from Slack it is known by its id alone: good enough to ask for something,
    never to decide something (deciding asks anew, and refuses without an answer).
    """
    with bot.db.transaction() as tx:
        person = people.known(tx, user_id, now, within=KNOWN_FOR)
    if person is not None:
        return person
    try:
        person = bot.slack.person(user_id)
    except DeliveryError:
        return Person(user_id, user_id)
    with bot.db.transaction() as tx:
        people.remember(tx, user_id, person, now)
    return person


def who_now(bot: Bot, user_id: str, now: datetime) -> Person:
    """
    The account as it is at this moment, for what only some may do.

    Raises:
        UserError: Slack did not answer, so nothing is done.
    """
    try:
        person, team = bot.slack.person(user_id), bot.slack.team_id()
    except DeliveryError as error:
        raise UserError(
            f"Slack did not tell who you are, so nothing was done. Press again in a minute. ({error})"
        ) from None
    with bot.db.transaction() as tx:
        people.remember(tx, user_id, person, now)
    return replace(person, stranger=True) if _is_outside(person, team) else person


def is_a_member(bot: Bot, person: Person) -> bool:
    """
    Whether somebody is of this workspace, and no bot.

    Where Slack does not tell which workspace is ours, everybody is: whoever acts is asked anew.
    """
    try:
        team = bot.slack.team_id()
    except DeliveryError:
        team = ""
    outside = person.stranger or _is_outside(person, team)
    return not (outside or person.is_bot or person.deleted)


def _is_outside(person: Person, team: str) -> bool:
    return bool(team and person.team_id and person.team_id != team)
