"""What came in with a click or a form, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.domain.errors import UserError
from bot.domain.places import Place
from bot.domain.terms import Seen, seen
from bot.flows.overages.asking_form import CHANGE


@dataclass(frozen=True, slots=True)
class Pressed:
    """Which request a button was about, and on which message it stood."""

    about: Seen
    channel: str = ""  # where the answer goes when it cannot be a DM
    ts: str = ""

    @property
    def place(self) -> Place | None:
        return Place(self.channel, self.ts) if self.channel and self.ts else None

    def __str__(self) -> str:
        """As it travels in a form's private metadata."""
        return f"{self.about} {self.channel} {self.ts}".strip()


def pressed(action: Mapping[str, Any], body: Mapping[str, Any]) -> Pressed:
    """From a click on a message."""
    container = body.get("container") or {}
    channel = (body.get("channel") or {}).get("id") or ""
    return Pressed(seen(str(action.get("value", ""))), channel, container.get("message_ts") or "")


def pressed_before(view: Mapping[str, Any]) -> Pressed:
    """From a form that a click has opened."""
    number, channel, ts = [*(view.get("private_metadata") or "").split(), "", "", ""][:3]
    return Pressed(seen(number), channel, ts)


def values_of(view: Mapping[str, Any]) -> dict[str, str | None]:
    """Block id to what was entered, whatever kind of input it is."""
    found: dict[str, str | None] = {}
    for block_id, inputs in view["state"]["values"].items():
        for entered in inputs.values():
            option = entered.get("selected_option") or {}
            found[block_id] = (
                entered.get("value") or entered.get("selected_date") or option.get("value")
            )
    return found


def purpose_of(view: Mapping[str, Any]) -> tuple[int | None, Seen | None]:
    """What a form to ask for more is for: the alert it answers, or the request it changes."""
    word, _, rest = (view.get("private_metadata") or "").partition(" ")
    if word == CHANGE:
        return None, seen(rest)
    return (int(word) if word.isascii() and word.isdecimal() else None), None


def day(text: str | None, field: str = "ends_at") -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError("Pick a day.", field) from None
