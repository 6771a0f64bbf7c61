"""Block Kit's interactive elements, with their limits and where each may stand."""

import re
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.blockkit.schema import (
    Check,
    Problem,
    array,
    boolean,
    exactly_one,
    integer,
    matching,
    one_of,
    shape,
    string,
)
from bot.sandbox.slack.blockkit.texts import (
    CONFIRM,
    DISPATCH_CONFIG,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    PLAIN_OPTION,
    RICH_OPTION,
    initial_is_offered,
    plain,
)

DATE = matching(lambda v: re.fullmatch(r"\d{4}-\d\d-\d\d", v) is not None, "a date YYYY-MM-DD")
CLOCK_TIME = matching(lambda v: re.fullmatch(r"\d\d:\d\d", v) is not None, "a time HH:mm")
NUMBER_TEXT = matching(lambda v: re.fullmatch(r"-?\d+(\.\d+)?", v) is not None, "a number as text")
ID = string(255)

FOCUSED: dict[str, Check] = {"action_id": ID, "focus_on_load": boolean}
MENU: dict[str, Check] = {**FOCUSED, "placeholder": plain(150), "confirm": CONFIRM}
TYPED: dict[str, Check] = {
    **FOCUSED,
    "placeholder": plain(150),
    "dispatch_action_config": DISPATCH_CONFIG,
}


def ordered(low: str, high: str) -> Any:
    def rule(value: dict[str, Any], at: str) -> Iterator[Problem]:
        if low in value and high in value and float(value[low]) > float(value[high]):
            yield Problem(f"`{low}` must not be above `{high}`", at)

    return rule


def menu(kind: str, initial: Check) -> dict[str, Check]:
    """The single and the multiple select of one kind of thing."""
    many = {**MENU, "max_selected_items": integer(1), f"initial_{kind}s": array(initial, 1)}
    return {
        f"{kind}s_select": shape(
            {**MENU, f"initial_{kind}": initial, "response_url_enabled": boolean}
        ),
        f"multi_{kind}s_select": shape(many),
    }


STATIC: dict[str, Check] = {
    **MENU,
    "options": array(PLAIN_OPTION, 1, 100),
    "option_groups": array(OPTION_GROUP, 1, 100),
}
ONE_LIST = exactly_one("options", "option_groups")
NUMBER_FIELDS: dict[str, Check] = {
    **TYPED,
    "is_decimal_allowed": boolean,
    "initial_value": NUMBER_TEXT,
    "min_value": NUMBER_TEXT,
    "max_value": NUMBER_TEXT,
}

ELEMENTS: dict[str, Check] = {
    "button": shape(
        {
            "text": plain(75),
            "action_id": ID,
            "value": string(2000),
            "url": string(3000),
            "style": one_of("primary", "danger"),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
        },
        ("text",),
    ),
    "image": shape(
        {
            "image_url": string(3000),
            "slack_file": shape({"id": string(), "url": string()}),
            "alt_text": string(2000),
        },
        ("alt_text",),
        exactly_one("image_url", "slack_file"),
    ),
    "static_select": shape(
        {**STATIC, "initial_option": PLAIN_OPTION}, (), ONE_LIST, initial_is_offered
    ),
    "multi_static_select": shape(
        {
            **STATIC,
            "initial_options": array(PLAIN_OPTION, 1, 100),
            "max_selected_items": integer(1),
        },
        (),
        ONE_LIST,
        initial_is_offered,
    ),
    **menu("user", string()),
    **menu("channel", string()),
    **menu("conversation", string()),
    "external_select": shape(
        {**MENU, "initial_option": PLAIN_OPTION, "min_query_length": integer(0)}
    ),
    "overflow": shape(
        {"action_id": ID, "options": array(OVERFLOW_OPTION, 1, 5), "confirm": CONFIRM}, ("options",)
    ),
    "radio_buttons": shape(
        {
            **FOCUSED,
            "options": array(RICH_OPTION, 1, 10),
            "initial_option": RICH_OPTION,
            "confirm": CONFIRM,
        },
        ("options",),
        initial_is_offered,
    ),
    "checkboxes": shape(
        {
            **FOCUSED,
            "options": array(RICH_OPTION, 1, 10),
            "initial_options": array(RICH_OPTION, 1, 10),
            "confirm": CONFIRM,
        },
        ("options",),
        initial_is_offered,
    ),
    "datepicker": shape({**MENU, "initial_date": DATE}),
    "timepicker": shape({**MENU, "initial_time": CLOCK_TIME, "timezone": string()}),
    "datetimepicker": shape(
        {**FOCUSED, "initial_date_time": integer(1_000_000_000, 9_999_999_999), "confirm": CONFIRM}
    ),
    "plain_text_input": shape(
        {
            **TYPED,
            "initial_value": string(3000, least=0),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        (),
        ordered("min_length", "max_length"),
    ),
    "number_input": shape(
        NUMBER_FIELDS, ("is_decimal_allowed",), ordered("min_value", "max_value")
    ),
    "email_text_input": shape({**TYPED, "initial_value": string()}),
    "url_text_input": shape({**TYPED, "initial_value": string()}),
}

TEXT_INPUTS = {"plain_text_input", "number_input", "email_text_input", "url_text_input"}
MENUS = {name for name in ELEMENTS if name.endswith("_select")}
PICKERS = {"datepicker", "timepicker"}
IN_ACTIONS = (
    {"button", "overflow", "radio_buttons", "checkboxes", "datetimepicker"} | MENUS | PICKERS
)
IN_SECTION = (IN_ACTIONS | {"image"}) - {"datetimepicker"}
IN_INPUT = (IN_ACTIONS | TEXT_INPUTS) - {"button", "overflow"}

NOT_IN_MESSAGE = {"number_input", "email_text_input", "url_text_input"}
NOT_IN_HOME = NOT_IN_MESSAGE | {"datetimepicker"}
