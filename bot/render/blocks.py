"""The bricks of a message: plain text for screen readers, and blocks checked by slackblocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from slackblocks import (
    ActionsBlock,
    Block,
    Button,
    ConfirmationDialogue,
    ContextBlock,
    HeaderBlock,
    Markdown,
    Message,
    PlainText,
    SectionBlock,
)

Blocks = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a person sees. `text` alone says the whole thing: screen readers read only that."""

    text: str
    blocks: Blocks


def message(text: str, *blocks: Block) -> Rendered:
    """Put a message together; slackblocks raises when Slack would refuse it."""
    checked = Message(channel="-", text=text, blocks=list(blocks)).to_dict()
    return Rendered(text, checked["blocks"])


def header(text: str, block_id: str = "header") -> Block:
    return HeaderBlock(PlainText(_cut(text, 150)), block_id=block_id)


def section(text: str, block_id: str, beside: Button | None = None) -> Block:
    """
    Our own words, with mrkdwn. Verbatim: `@everyone` and links stay the text they are.

    A button `beside` them costs no block of its own.
    """
    words = Markdown(_cut(text, 3000), verbatim=True)
    return SectionBlock(words, block_id=block_id, accessory=beside)


def quoted(text: str, block_id: str) -> Block:
    """Somebody else's words: plain text, so that nothing in them is a mention, link or style."""
    return SectionBlock(PlainText(_cut(text, 3000), emoji=False), block_id=block_id)


def context(text: str, block_id: str) -> Block:
    return ContextBlock([Markdown(_cut(text, 3000), verbatim=True)], block_id=block_id)


def actions(buttons: Sequence[Button], block_id: str = "actions") -> Block:
    return ActionsBlock(list(buttons), block_id=block_id)


def button(
    label: str,
    action_id: str,
    value: str,
    style: Literal["primary", "danger"] | None = None,
    confirm: ConfirmationDialogue | None = None,
    spoken: str | None = None,
) -> Button:
    """`value` is an opaque id, never a person, an amount or a right."""
    return Button(
        PlainText(label),
        action_id=action_id,
        value=value,
        style=style,
        confirm=confirm,
        accessibility_label=_cut(spoken, 75) if spoken else None,
    )


def escape(text: str) -> str:
    """Somebody else's words inside mrkdwn: no mention, no link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def one_line(text: str, most: int = 300) -> str:
    """Somebody else's words inside a sentence of ours, in mrkdwn: one line, no mention, no link."""
    return escape(_cut(" ".join(text.split()), most))


def person(ref: str) -> str:
    """A mention for a Slack id; an e-mail address as it is."""
    return f"<@{ref}>" if ref[:1] in "UW" and ref.isalnum() and ref.isupper() else escape(ref)


def people(refs: Sequence[str]) -> str:
    names = [person(ref) for ref in refs] or ["nobody"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def fitting(lines: Sequence[str], most: int) -> int:
    """How many of the lines fit into that many characters, from the first on."""
    room = most
    for count, line in enumerate(lines):
        room -= len(line) + 3  # a bullet and a line break
        if room < 0:
            return count
    return len(lines)


def fewer(lines: Sequence[str], most: int) -> list[str]:
    """As many lines as fit into that many characters; the rest is counted."""
    kept = fitting(lines, most)
    more = [] if kept == len(lines) else [f"and {len(lines) - kept} more"]
    return [*lines[:kept], *more]


def moment(at: datetime, zone: ZoneInfo) -> str:
    """`Mon 23 Nov 14:05`, in the zone of the budget."""
    return f"{at.astimezone(zone):%a %-d %b %H:%M}"


def clock_time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
