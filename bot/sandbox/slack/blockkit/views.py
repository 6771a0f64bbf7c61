"""Modals and Home tabs as a whole."""

import json
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.blockkit.rules import problems_of_blocks
from bot.sandbox.slack.blockkit.schema import Check, Problem, boolean, shape, string
from bot.sandbox.slack.blockkit.texts import plain

MOST_BYTES = 250_000


def _checked_elsewhere(_value: Any, _at: str) -> Iterator[Problem]:
    return iter(())


COMMON: dict[str, Check] = {
    "blocks": _checked_elsewhere,
    "callback_id": string(255, least=0),
    "private_metadata": string(3000, least=0),
    "external_id": string(255, least=0),
}
MODAL = shape(
    {
        **COMMON,
        "title": plain(24),
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
    },
    ("title", "blocks"),
)
HOME = shape(COMMON, ("blocks",))
KINDS = {"modal": MODAL, "home": HOME}


def problems_of_view(view: Any, kinds: tuple[str, ...] = ("modal",)) -> Iterator[Problem]:
    at = "/view"
    if not isinstance(view, dict):
        yield Problem("must provide an object", at)
        return
    kind = view.get("type")
    if kind not in kinds:
        yield Problem(f"must be one of: {', '.join(kinds)}", f"{at}/type")
        return
    yield from KINDS[kind](view, at)
    blocks = view.get("blocks")
    if blocks is None:
        return
    yield from problems_of_blocks(blocks, kind, f"{at}/blocks")
    has_input = isinstance(blocks, list) and any(
        isinstance(b, dict) and b.get("type") == "input" for b in blocks
    )
    if kind == "modal" and has_input and "submit" not in view:
        yield Problem("must define `submit` to use an `input` block in modals", f"{at}/submit")


def is_too_large(view: dict[str, Any]) -> bool:
    return len(json.dumps(view).encode()) > MOST_BYTES
