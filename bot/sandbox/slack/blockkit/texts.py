"""Block Kit's composition objects: texts, confirm dialogs, options."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.blockkit.schema import (
    Check,
    Problem,
    array,
    boolean,
    one_of,
    shape,
    string,
    typed,
)


def plain(most: int = 3000, least: int = 1) -> Check:
    return typed({"plain_text": shape({"text": string(most, least), "emoji": boolean}, ("text",))})


def any_text(most: int = 3000) -> Check:
    return typed(
        {
            "plain_text": shape({"text": string(most), "emoji": boolean}, ("text",)),
            "mrkdwn": shape({"text": string(most), "verbatim": boolean}, ("text",)),
        }
    )


CONFIRM = shape(
    {
        "title": plain(100),
        "text": any_text(300),
        "confirm": plain(30),
        "deny": plain(30),
        "style": one_of("primary", "danger"),
    },
    ("title", "text", "confirm", "deny"),
)


def option(text: Check, with_url: bool = False) -> Check:
    fields = {"text": text, "value": string(150), "description": any_text(75)}
    if with_url:
        fields["url"] = string(3000)
    return shape(fields, ("text", "value"))


PLAIN_OPTION = option(plain(75))
RICH_OPTION = option(any_text(75))
OVERFLOW_OPTION = option(plain(75), with_url=True)
OPTION_GROUP = shape(
    {"label": plain(75), "options": array(PLAIN_OPTION, 1, 100)}, ("label", "options")
)
DISPATCH_CONFIG = shape(
    {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
)


def choices(value: dict[str, Any]) -> list[dict[str, Any]]:
    """All options of a select, a radio group and the like, those inside groups too."""
    grouped = [o for group in value.get("option_groups") or [] for o in group.get("options", [])]
    return [*(value.get("options") or []), *grouped]


def initial_is_offered(value: dict[str, Any], at: str) -> Iterator[Problem]:
    """What is chosen at first must be one of the options, word for word."""
    single = value.get("initial_option")
    chosen = [single] if single is not None else (value.get("initial_options") or [])
    offered = choices(value)
    for entry in chosen:
        if entry not in offered:
            name = "initial_option" if single is not None else "initial_options"
            yield Problem(f"`{name}` does not match any of the options", f"{at}/{name}")
