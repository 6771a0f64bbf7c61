"""Sentences about delegations: to whom alerts go, and for how long."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.domain.delegations import Delegation
from bot.render.blocks import Rendered, message, person, section

ENDED = "Your alerts come to you again."


def note(text: str) -> Rendered:
    return message(text, section(text, "delegation"))


def made(held: Delegation, zone: ZoneInfo) -> str:
    """What the person who is away reads."""
    return (
        f"Until the end of {_last_day(held, zone)} your alerts go to {person(held.to)}, who may "
        "answer them. What you approve or are asked to decide stays with you."
    )


def made_for(held: Delegation, zone: ZoneInfo) -> str:
    """What the delegate reads."""
    return (
        f"{person(held.person)} is away: until the end of {_last_day(held, zone)} you get their "
        "alerts, and may answer them."
    )


def taken_back(person_id: str) -> str:
    return f"The alerts of {person(person_id)} do not come to you any more."


def away_too(held: Delegation, zone: ZoneInfo) -> str:
    return (
        f" {person(held.person)} is away, too, until the end of {_last_day(held, zone)}; yours are "
        "not passed on from there."
    )


def none(command: str) -> str:
    return (
        f"Your alerts come to you. When you are away: `{command} delegate @lee until Friday`; "
        f"`{command} delegate off` ends it."
    )


def in_place_of(held: Delegation, zone: ZoneInfo) -> str:
    """Begins the delegate's copy of an alert."""
    return f"For {person(held.person)}, who is away until the end of {_last_day(held, zone)}:"


def _last_day(held: Delegation, zone: ZoneInfo) -> str:
    """An end at midnight belongs to the day before."""
    return f"{(held.ends_at - timedelta(seconds=1)).astimezone(zone):%a %-d %b}"
