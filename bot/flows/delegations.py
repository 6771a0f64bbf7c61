"""Delegations: somebody else gets a person's alerts for a while."""

from datetime import datetime

from sqlmodel import Session

from bot.clients.slack import DeliveryError
from bot.domain.delegations import Delegation, ends_at, parse, refusal
from bot.domain.errors import UserError
from bot.domain.people import Person
from bot.effects import messages, recording
from bot.parts import Bot
from bot.render import delegation as words
from store import delegations, people


def delegate(bot: Bot, person_id: str, typed: str, now: datetime) -> str:
    """
    What `/budget delegate …` does; the answer in a sentence.

    Raises:
        UserError: what is wrong with it, and how it is written.
    """
    match typed.strip().lower():
        case "":
            return _shown(bot, person_id, now)
        case "off":
            return _end(bot, person_id, now)
    zone = bot.policy.organization.time_zone
    wanted = parse(typed, now.astimezone(zone).date())
    to = _checked(bot, person_id, wanted.to, now)
    made = Delegation(person_id, to.id, now, ends_at(wanted.last_day, zone))
    with bot.db.transaction() as tx:
        before = delegations.live(tx, person_id, now)
        away = delegations.live(tx, to.id, now)
        delegations.put(tx, made, now)
        if before is not None and before.to != made.to:
            _tell(tx, before.to, words.taken_back(person_id), person_id, now)
        told = words.made_for(made, zone)
        _tell(tx, made.to, told, person_id, now)
        _tell(tx, person_id, words.made(made, zone), person_id, now)
        data = {"before": _told(before), "after": _told(made)}
        recording.note(tx, bot, "delegation.set", person_id, f"person:{person_id}", data, now)
    bot.wake()
    return words.made(made, zone) + (words.away_too(away, zone) if away else "")


def _checked(bot: Bot, person_id: str, to: str, now: datetime) -> Person:
    """Asked of Slack anew, with no transaction open: accounts change."""
    try:
        person, team = bot.slack.person(to), bot.slack.team_id()
    except DeliveryError as error:
        if error.permanent:
            raise UserError("Slack does not know that person; choose one it offers.") from None
        raise UserError(
            "Slack did not say who that is; please type it again in a minute."
        ) from None
    if (why := refusal(person, person_id, team)) is not None:
        raise UserError(why)
    with bot.db.transaction() as tx:
        people.remember(tx, to, person, now)
    return person


def _shown(bot: Bot, person_id: str, now: datetime) -> str:
    with bot.db.transaction() as tx:
        held = delegations.live(tx, person_id, now)
    if held is None:
        return words.none(bot.policy.command)
    return words.made(held, bot.policy.organization.time_zone)


def _end(bot: Bot, person_id: str, now: datetime) -> str:
    with bot.db.transaction() as tx:
        held = delegations.live(tx, person_id, now)
        if held is None or not delegations.end(tx, person_id, now):
            return words.none(bot.policy.command)
        _tell(tx, held.to, words.taken_back(person_id), person_id, now)
        _tell(tx, person_id, words.ENDED, person_id, now)
        data = {"before": _told(held), "after": None}
        recording.note(tx, bot, "delegation.ended", person_id, f"person:{person_id}", data, now)
    bot.wake()
    return words.ENDED


def _told(delegation: Delegation | None) -> dict[str, str | None] | None:
    """As the record says it."""
    if delegation is None:
        return None
    return {"to": delegation.to, "until": recording.iso(delegation.ends_at)}


def _tell(tx: Session, to: str, text: str, person_id: str, now: datetime) -> None:
    """A DM each time: the same may be set, ended and set again."""
    about = f"delegation:{person_id}"
    key = f"{about}:{to}:{now.isoformat()}"
    messages.post(tx, key, {"person": to}, words.note(text), now, subject=about)
