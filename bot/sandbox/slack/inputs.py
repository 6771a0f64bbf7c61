"""What a person's input looks like in `view.state.values` and in a block action."""

from typing import Any

from bot.sandbox.slack.blockkit.texts import choices
from bot.sandbox.slack.errors import NoSuchElement

Json = dict[str, Any]

# element type -> (field in the state, field of the element with the initial value)
STATEFUL = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
}
OF_OPTIONS = {"static_select", "radio_buttons", "checkboxes", "multi_static_select", "overflow"}
MANY = {name for name in STATEFUL if name.startswith("multi_")} | {"checkboxes"}


def initial_state(element: Json) -> Json:
    state, initial = STATEFUL[element["type"]]
    nothing: Any = [] if element["type"] in MANY else None
    return {"type": element["type"], state: element.get(initial, nothing)}


def chosen_state(element: Json, value: Any) -> Json:
    """The state after the person put `value` in; for options, their value or the words on screen."""
    kind = element["type"]
    if kind == "overflow":
        return {"type": kind, "selected_option": _option(element, value)}
    if kind not in STATEFUL:
        raise NoSuchElement(f"nothing can be filled into a {kind}")
    if kind in MANY:
        values = [_single(element, one) for one in value]
        return {"type": kind, STATEFUL[kind][0]: values}
    return {
        "type": kind,
        STATEFUL[kind][0]: None if value in (None, "") else _single(element, value),
    }


def is_empty(state: Json) -> bool:
    return state[STATEFUL[state["type"]][0]] in (None, "", [])


def _single(element: Json, value: Any) -> Any:
    kind = element["type"]
    if kind in OF_OPTIONS:
        return _option(element, value)
    if kind in {"datetimepicker"}:
        return int(value)
    return str(getattr(value, "id", value))


def _option(element: Json, value: Any) -> Json:
    for option in choices(element):
        if value in {option["value"], option["text"]["text"]}:
            return option
    offered = [option["value"] for option in choices(element)]
    raise NoSuchElement(f"{value!r} is not among the options {offered}")


def complaint(block: Json, state: Json) -> str | None:
    """What Slack's own client says about a field before anything is sent to the app."""
    element = block["element"]
    if is_empty(state):
        return None if block.get("optional") else "Please complete this required field."
    if element["type"] == "number_input":
        return _number_complaint(element, state["value"])
    if element["type"] == "plain_text_input":
        length = len(state["value"])
        if length < element.get("min_length", 0):
            return f"Please use at least {element['min_length']} characters."
        if length > element.get("max_length", 3000):
            return f"Please use at most {element.get('max_length', 3000)} characters."
    return None


def _number_complaint(element: Json, typed: str) -> str | None:
    try:
        number = float(typed)
    except ValueError:
        return "Please enter a number."
    if not element["is_decimal_allowed"] and not number.is_integer():
        return "Please enter a whole number."
    if "min_value" in element and number < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and number > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return None
