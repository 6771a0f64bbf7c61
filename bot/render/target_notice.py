"""What operators are told of enforcement targets: down and back, changed by hand, gone back."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.render.blocks import Rendered, clock_time, escape, message, moment, one_line, section
from bot.render.targets import capital, title

MOST_NAMED = 10


def down(
    target: str, since: datetime, budgets: Sequence[str], error: str, zone: ZoneInfo
) -> Rendered:
    """Said once for an outage; the bot goes on trying."""
    why = one_line(error, 500).removesuffix(".")
    text = (
        f"⚠️ {capital(title(target))} has not answered as it should since {moment(since, zone)}: "
        f"{why}. Waiting for it: {_named(budgets)}. It is tried again until it answers; meanwhile "
        "it holds what it held before, and nobody reads that a limit is lifted or back."
    )
    return message(text, section(text, "down"))


def up(target: str, since: datetime, now: datetime, zone: ZoneInfo) -> Rendered:
    minutes = max(int((now - since).total_seconds() // 60), 1)
    span = f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
    text = (
        f"✅ All clear: {title(target)} answers again after {span} "
        f"(since {clock_time(since, zone)} it did not)."
    )
    return message(text, section(text, "up"))


def edited(budget: str, target: str, found: str, entry_id: int) -> Rendered:
    """What stands there was not written by the bot, so it stays."""
    text = (
        f"⚠️ Somebody else changed the limit of {escape(budget)} at {title(target)}: "
        f"{one_line(found, 700).removesuffix('.')}. It was left as it is. To write ours over it: "
        f"`budget-bot outbox redrive {entry_id}`."
    )
    return message(text, section(text, "edited"))


def as_wanted(budget: str, target: str) -> Rendered:
    text = f"✅ {capital(title(target))} holds the limit of {escape(budget)} again as it should."
    return message(text, section(text, "as_wanted"))


def drifted(budget: str, target: str, note: str) -> Rendered:
    """An older writing of the bot's own stands there, as after a restored backup."""
    said = f" ({one_line(note, 300)})" if note else ""
    text = (
        f"⚠️ Drift: {title(target)} no longer holds the limit of {escape(budget)} that it had "
        f"confirmed, but an older one of ours{said}; was it restored from a backup? "
        "It is written again."
    )
    return message(text, section(text, "drifted"))


def _named(budgets: Sequence[str]) -> str:
    shown = [escape(budget) for budget in budgets[:MOST_NAMED]]
    more = len(budgets) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
