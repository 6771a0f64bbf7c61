"""Delegation as it is typed: `@person until DATE`, `off`, or nothing to see it."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.errors import UserError
from bot.domain.people import Person
from bot.domain.periods import midnight
from bot.domain.spans import WEEKDAYS

LONGEST = timedelta(days=366)
_TYPED = re.compile(r"<@([UW][A-Z0-9]{2,20})(?:\|[^>]*)?>\s*(.*)", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOW = "Write it like `delegate @lee until Friday` or `delegate @lee until 2026-12-04`."


@dataclass(frozen=True, slots=True)
class Delegation:
    """`person` and `to` are Slack user ids; it holds while `starts_at <= now < ends_at`."""

    person: str
    to: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who shall get the alerts, and the last local day of it."""

    to: str  # Slack user id
    last_day: date


def parse(text: str, today: date) -> Wanted:
    """
    `<@U024BE7LH|lee> until friday`; Slack writes the mention so (`should_escape`).

    Raises:
        UserError: what is missing, and how it is written.
    """
    found = _TYPED.fullmatch(text.strip())
    if found is None:
        raise UserError(f"Choose a person that Slack offers after the @. {HOW}")
    word, _, rest = found[2].strip().partition(" ")
    if word.lower() != "until" or not rest.strip():
        raise UserError(f"Until when? {HOW}")
    return Wanted(found[1], parse_day(rest, today))


def parse_day(text: str, today: date) -> date:
    """A date, today, tomorrow or a weekday: the next one, and never today."""
    word = text.strip().lower()
    if word in {"today", "tomorrow"}:
        return today + timedelta(days=word == "tomorrow")
    for number, names in enumerate(zip(WEEKDAYS, _NAMES, strict=True)):
        if word in names:
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    try:
        day = date.fromisoformat(word) if _DAY.fullmatch(word) else None
    except ValueError:
        day = None
    if day is None:
        raise UserError(f"This is no day that I know. {HOW}")
    if day < today:
        raise UserError(f"That day is over. {HOW}")
    if day - today > LONGEST:
        raise UserError("That is more than a year; name another owner in the policy file instead.")
    return day


def ends_at(last_day: date, zone: ZoneInfo) -> datetime:
    """The end of the last day on local clocks."""
    return midnight(last_day + timedelta(days=1), zone)


def refusal(delegate: Person, person_id: str, team_id: str | None) -> str | None:
    """Why alerts cannot go to somebody, or None."""
    if delegate.id == person_id:
        return "You get your alerts already; choose somebody else."
    if delegate.deleted:
        return "That account is deactivated."
    if delegate.is_bot:
        return "A bot cannot act on alerts."
    if delegate.stranger or (team_id and delegate.team_id and delegate.team_id != team_id):
        return "Only members of this workspace can get alerts."
    if delegate.guest:
        return "A guest cannot get alerts."
    return None
