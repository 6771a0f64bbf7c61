"""The layout blocks, and on which surface each may stand."""

from bot.sandbox.slack.blockkit.data import DATA_TABLE, DATA_VISUALIZATION, TABLE
from bot.sandbox.slack.blockkit.elements import ELEMENTS, IN_ACTIONS, IN_INPUT, IN_SECTION
from bot.sandbox.slack.blockkit.rich_text import RICH_TEXT
from bot.sandbox.slack.blockkit.schema import (
    Check,
    array,
    at_least_one,
    boolean,
    exactly_one,
    integer,
    one_of,
    shape,
    string,
    typed,
    unique,
)
from bot.sandbox.slack.blockkit.texts import any_text, plain

ID = string(255)


def hosted(names: set[str]) -> Check:
    return typed({name: ELEMENTS[name] for name in names})


def _context_parts() -> Check:
    text = any_text()
    return typed({"plain_text": text, "mrkdwn": text, "image": ELEMENTS["image"]})


BLOCKS: dict[str, Check] = {
    "section": shape(
        {
            "block_id": ID,
            "text": any_text(3000),
            "fields": array(any_text(2000), 1, 10),
            "accessory": hosted(IN_SECTION),
            "expand": boolean,
        },
        (),
        at_least_one("text", "fields"),
    ),
    "header": shape({"block_id": ID, "text": plain(150), "level": integer(1, 4)}, ("text",)),
    "context": shape({"block_id": ID, "elements": array(_context_parts(), 1, 10)}, ("elements",)),
    "actions": shape(
        {"block_id": ID, "elements": array(hosted(IN_ACTIONS), 1, 25)},
        ("elements",),
        unique("elements", "action_id"),
    ),
    "divider": shape({"block_id": ID}),
    "image": shape(
        {
            "block_id": ID,
            "image_url": string(3000),
            "slack_file": shape({"id": string(), "url": string()}),
            "alt_text": string(2000),
            "title": plain(2000),
        },
        ("alt_text",),
        exactly_one("image_url", "slack_file"),
    ),
    "input": shape(
        {
            "block_id": ID,
            "label": plain(2000),
            "element": hosted(IN_INPUT),
            "hint": plain(2000),
            "optional": boolean,
            "dispatch_action": boolean,
        },
        ("label", "element"),
    ),
    "rich_text": RICH_TEXT,
    "markdown": shape({"block_id": ID, "text": string(12_000)}, ("text",)),
    "table": TABLE,
    "data_table": DATA_TABLE,
    "data_visualization": DATA_VISUALIZATION,
    "alert": shape(
        {
            "block_id": ID,
            "text": any_text(200),
            "level": one_of("default", "info", "warning", "error", "success"),
        },
        ("text",),
    ),
}

EVERYWHERE = {"section", "header", "context", "actions", "divider", "image", "input", "rich_text"}
MESSAGE_BLOCKS = EVERYWHERE | {"markdown", "table", "data_table", "data_visualization"}
MODAL_BLOCKS = EVERYWHERE | {"alert"}
HOME_BLOCKS = EVERYWHERE
