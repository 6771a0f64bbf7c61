"""Rules over several blocks: counts, ids that must not repeat, totals, what a surface allows."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.blockkit.blocks import BLOCKS, HOME_BLOCKS, MESSAGE_BLOCKS, MODAL_BLOCKS
from bot.sandbox.slack.blockkit.elements import NOT_IN_HOME, NOT_IN_MESSAGE
from bot.sandbox.slack.blockkit.schema import Problem, array, typed

Json = dict[str, Any]
LIMITS = {"message": 50, "modal": 100, "home": 100}
ALLOWED = {"message": MESSAGE_BLOCKS, "modal": MODAL_BLOCKS, "home": HOME_BLOCKS}
BANNED_ELEMENTS = {"message": NOT_IN_MESSAGE, "modal": set[str](), "home": NOT_IN_HOME}
TABLE_CHARACTERS = {"table": 10_000, "data_table": 20_000}


def problems_of_blocks(blocks: Any, surface: str, at: str) -> Iterator[Problem]:
    allowed = typed({name: BLOCKS[name] for name in ALLOWED[surface]})
    found = list(array(allowed, 0, LIMITS[surface])(blocks, at))
    yield from found
    if found:
        return
    yield from _repeated_block_ids(blocks, at)
    yield from _foreign_elements(blocks, surface, at)
    yield from _totals(blocks, at)


def elements_of(block: Json) -> list[Json]:
    """The elements of a block that a person can use, in reading order."""
    inside = [block.get("accessory"), block.get("element")]
    if block.get("type") == "actions":
        inside += block.get("elements") or []
    return [e for e in inside if isinstance(e, dict) and e.get("type") != "image"]


def texts_of(part: Any) -> Iterator[str]:
    """Every visible text inside a block, in reading order."""
    if isinstance(part, list):
        for entry in part:
            yield from texts_of(entry)
    elif isinstance(part, dict):
        for name, entry in part.items():
            if name in {"text", "alt_text", "title", "caption"} and isinstance(entry, str):
                yield entry
            elif name != "confirm":
                yield from texts_of(entry)


def _repeated_block_ids(blocks: list[Json], at: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id is not None and block_id in seen:
            yield Problem(f"`block_id` must be unique: {block_id}", f"{at}/{index}/block_id")
        seen.add(block_id or "")


def _foreign_elements(blocks: list[Json], surface: str, at: str) -> Iterator[Problem]:
    focused = 0
    for index, block in enumerate(blocks):
        for element in elements_of(block):
            focused += bool(element.get("focus_on_load"))
            if element["type"] in BANNED_ELEMENTS[surface]:
                yield Problem(f"unsupported type: {element['type']}", f"{at}/{index}")
    if focused > 1:
        yield Problem("only one element can have `focus_on_load`", at)


def _totals(blocks: list[Json], at: str) -> Iterator[Problem]:
    kinds = [block["type"] for block in blocks]
    if kinds.count("table") + kinds.count("data_table") > 1:
        yield Problem("only_one_table_allowed", at)
    if kinds.count("data_visualization") > 2:
        yield Problem("no more than 2 data_visualization blocks allowed", at)
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > 12_000:
        yield Problem("markdown blocks must be less than 12001 characters together", at)
    for index, block in enumerate(blocks):
        most = TABLE_CHARACTERS.get(block["type"])
        if most is not None and sum(map(len, texts_of(block))) > most:
            yield Problem(f"table must be less than {most + 1} characters", f"{at}/{index}")
