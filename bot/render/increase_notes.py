"""What operators are told of increase requests: nobody may decide, refused, silent, unreadable."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.render.blocks import Rendered, clock_time, message, moment, one_line, section
from bot.render.increase import IncreaseCard, who


def nobody_note(card: IncreaseCard) -> Rendered:
    """Told at once when nobody is left who may decide."""
    i = card.increase
    return _note(
        f"⚠️ Nobody is left who may decide increase request #{i.id} of {who(i)}: it is decided by "
        f"{card.deciders}, and of them nobody is an active member of this workspace other than "
        "whoever asks. Name somebody in the policy file, or decide it in claude.ai."
    )


def nameless_note(card: IncreaseCard) -> Rendered:
    """Whoever decides could be the member, and nobody could tell."""
    i = card.increase
    return _note(
        f"⚠️ Increase request #{i.id} of {who(i)} has to be decided in claude.ai: Anthropic tells no "
        "e-mail address of theirs, so nobody can say whether whoever presses here is the member."
    )


def refused_note(card: IncreaseCard, entry_id: int) -> Rendered:
    """An approval or a denial that Anthropic will not carry out as things are."""
    i = card.increase
    why = one_line(i.refused or "no reason given", 500).removesuffix(".")
    return _note(
        f"⚠️ Anthropic refuses what was decided on increase request #{i.id} of {who(i)} "
        f"({i.state}): {why}. When it is mended: `budget-bot outbox redrive {entry_id}`."
    )


def silent_note(card: IncreaseCard, error: str) -> Rendered:
    """What was decided waits for Anthropic; said once."""
    i = card.increase
    why = one_line(error, 500).removesuffix(".")
    since = f" since {moment(card.silent_since, card.zone)}" if card.silent_since else ""
    return _note(
        f"⚠️ Anthropic does not take what was decided on increase request #{i.id} of {who(i)}{since}: "
        f"{why}. It is tried again until it answers; meanwhile the limit is what it was."
    )


def unreadable(since: datetime, error: str, zone: ZoneInfo) -> Rendered:
    """Members may press their button, and nobody in Slack would see it."""
    why = one_line(error, 500).removesuffix(".")
    return _note(
        f"⚠️ The increase requests of Claude Enterprise cannot be read since {moment(since, zone)}: "
        f"{why}. New ones are not shown meanwhile; they can be decided in claude.ai."
    )


def readable_again(since: datetime, zone: ZoneInfo) -> Rendered:
    return _note(
        "✅ All clear: the increase requests of Claude Enterprise are read again "
        f"(since {clock_time(since, zone)} they were not)."
    )


def _note(text: str) -> Rendered:
    return message(text, section(text, "increases"))
