"""What the Block Kit check lets through and what it refuses, case by case."""

from typing import Any

import pytest

from bot.sandbox.slack.checks import message_problems, view_problems

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(**more: Any) -> Json:
    """A section."""
    return {"type": "section", "text": mrkdwn(), **more}


def button(action_id: str = "a", **more: Any) -> Json:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": plain(), **more}


def actions(*elements: Json, **more: Any) -> Json:
    """An actions block."""
    return {"type": "actions", "elements": list(elements), **more}


def select(count: int = 1, **more: Any) -> Json:
    """A static select with so many options."""
    options = [{"text": plain(f"o{n}"), "value": f"v{n}"} for n in range(count)]
    return {"type": "static_select", "action_id": "s", "options": options, **more}


def field(element: Json, **more: Any) -> Json:
    """An input block."""
    return {"type": "input", "label": plain(), "element": element, **more}


def table(rows: int = 1, cells: int = 1, text: str = "x") -> Json:
    """A table of one repeated cell."""
    cell = {"type": "raw_text", "text": text}
    return {"type": "table", "rows": [[cell] * cells for _ in range(rows)]}


CONFIRM = {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain()}
TEXT_INPUT = {"type": "plain_text_input", "action_id": "t"}
NUMBER = {"type": "number_input", "action_id": "n", "is_decimal_allowed": True}
LINE = {
    "type": "data_visualization",
    "title": "Spend",
    "chart": {
        "type": "line",
        "series": [{"name": "s", "data": [{"label": "Mon", "value": 1.5}]}],
        "axis_config": {"categories": ["Mon"], "y_label": "$"},
    },
}
RICH = {
    "type": "rich_text",
    "elements": [
        {"type": "rich_text_section", "elements": [{"type": "text", "text": "hi"}]},
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "user", "user_id": "U0DANA"}],
                }
            ],
        },
    ],
}

GOOD = {
    "section": section(accessory=button(confirm=CONFIRM, style="danger", value="r1")),
    "fields": {"type": "section", "fields": [mrkdwn() for _ in range(10)], "expand": True},
    "header": {"type": "header", "text": plain("x" * 150), "level": 2},
    "context": {
        "type": "context",
        "elements": [mrkdwn(), {"type": "image", "image_url": "https://x", "alt_text": "x"}],
    },
    "actions": actions(button("a"), select(100), {"type": "datepicker", "action_id": "d"}),
    "divider": {"type": "divider"},
    "image": {"type": "image", "image_url": "https://x", "alt_text": "x", "title": plain()},
    "text input": field(TEXT_INPUT),
    "rich text": RICH,
    "markdown": {"type": "markdown", "text": "**x**"},
    "table": table(100, 20),
    "line chart": LINE,
}

BAD: dict[str, tuple[list[Json], str]] = {
    "empty text": ([section(text=mrkdwn(""))], "more than 0 characters"),
    "long text": ([section(text=mrkdwn("x" * 3001))], "less than 3001"),
    "section without text": ([{"type": "section"}], "at least one of: text, fields"),
    "eleven fields": ([section(fields=[mrkdwn()] * 11)], "no more than 10"),
    "long field": ([section(fields=[mrkdwn("x" * 2001)])], "less than 2001"),
    "header in mrkdwn": ([{"type": "header", "text": mrkdwn()}], "unsupported type: mrkdwn"),
    "long header": ([{"type": "header", "text": plain("x" * 151)}], "less than 151"),
    "no actions": ([actions()], "no fewer than 1"),
    "26 actions": ([actions(*(button(f"a{n}") for n in range(26)))], "no more than 25"),
    "action_id twice": ([actions(button(), button())], "`action_id` must be unique"),
    "block_id twice": (
        [section(block_id="b"), section(block_id="b")],
        "`block_id` must be unique",
    ),
    "long button": ([actions(button(text=plain("x" * 76)))], "less than 76"),
    "long value": ([actions(button(value="x" * 2001))], "less than 2001"),
    "odd style": ([actions(button(style="green"))], "must be one of: primary, danger"),
    "disabled button": ([actions(button(disabled=True))], "additional property: disabled"),
    "confirm without deny": (
        [actions(button(confirm={k: v for k, v in CONFIRM.items() if k != "deny"}))],
        "missing required field: deny",
    ),
    "long confirm": ([actions(button(confirm={**CONFIRM, "title": plain("x" * 101)}))], "101"),
    "101 options": ([actions(select(101))], "no more than 100"),
    "long option": ([actions(select(options=[{"text": plain(), "value": "x" * 151}]))], "151"),
    "initial not offered": (
        [actions(select(initial_option={"text": plain("z"), "value": "z"}))],
        "does not match any of the options",
    ),
    "text input in actions": ([actions(TEXT_INPUT)], "unsupported type: plain_text_input"),
    "number in a message": ([field(NUMBER)], "unsupported type: number_input"),
    "unknown key": ([section(colour="red")], "additional property: colour"),
    "unknown block": ([{"type": "banner"}], "unsupported type: banner"),
    "no type": ([{"text": plain()}], "missing required field: type"),
    "alert in a message": ([{"type": "alert", "text": plain()}], "unsupported type: alert"),
    "51 blocks": ([{"type": "divider"}] * 51, "no more than 50"),
    "image without alt": ([{"type": "image", "image_url": "https://x"}], "alt_text"),
    "two tables": ([table(), table()], "only_one_table_allowed"),
    "101 rows": ([table(101)], "no more than 100"),
    "empty cell": ([table(text="")], "more than 0 characters"),
    "long table": ([table(10, 10, "x" * 101)], "less than 10001"),
    "point missing": (
        [{**LINE, "chart": {**LINE["chart"], "axis_config": {"categories": ["Tue"]}}}],  # type: ignore[dict-item]
        "one point for each category",
    ),
    "not objects": (["x"], "must provide an object"),  # type: ignore[list-item]
}


@pytest.mark.parametrize("block", GOOD.values(), ids=GOOD)
def test_good_blocks_pass(block: Json) -> None:
    """What Slack's documents allow is let through, at the limits too."""
    assert [] == message_problems([block])


@pytest.mark.parametrize(("blocks", "problem"), BAD.values(), ids=BAD)
def test_bad_blocks_are_refused(blocks: list[Json], problem: str) -> None:
    """Each broken rule is named, with a pointer to the place."""
    found = message_problems(blocks)

    assert any(problem in entry and "[json-pointer:/blocks" in entry for entry in found), found


def modal(*blocks: Json, **more: Any) -> Json:
    """A modal."""
    return {"type": "modal", "title": plain(), "blocks": list(blocks), **more}


BAD_VIEWS: dict[str, tuple[Json, str]] = {
    "no submit": (modal(field(TEXT_INPUT)), "must define `submit`"),
    "long title": (modal(title=plain("x" * 25)), "less than 25"),
    "submit_disabled": (modal(submit_disabled=False), "additional property: submit_disabled"),
    "long metadata": (modal(private_metadata="x" * 3001), "less than 3001"),
    "101 blocks": (modal(*[{"type": "divider"}] * 101), "no more than 100"),
    "table": (modal(table()), "unsupported type: table"),
    "two focused": (
        modal(
            field({**TEXT_INPUT, "focus_on_load": True}),
            field({**NUMBER, "focus_on_load": True}),
            submit=plain(),
        ),
        "only one element can have `focus_on_load`",
    ),
    "min above max": (
        modal(field({**NUMBER, "min_value": "5", "max_value": "1"}), submit=plain()),
        "must not be above",
    ),
    "number as number": (
        modal(field({**NUMBER, "initial_value": 5}), submit=plain()),
        "a number as text",
    ),
    "home": ({"type": "home", "blocks": []}, "must be one of: modal"),
}


@pytest.mark.parametrize(("view", "problem"), BAD_VIEWS.values(), ids=BAD_VIEWS)
def test_bad_views_are_refused(view: Json, problem: str) -> None:
    """Views have limits of their own."""
    assert any(problem in entry for entry in view_problems(view)), view_problems(view)


def test_good_views_pass() -> None:
    """A modal with every usual input, and a Home tab."""
    inputs: list[Json] = [TEXT_INPUT, NUMBER, select(2), {"type": "users_select", "action_id": "u"}]
    view = modal(*map(field, inputs), submit=plain(), close=plain(), notify_on_close=True)

    assert [] == view_problems(view)
    assert [] == view_problems({"type": "home", "blocks": [section()]}, ("home",))
