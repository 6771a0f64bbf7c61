"""The Home tab as a whole: its parts in the order of urgency, never more than Slack takes."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from slackblocks import Block, HomeTabView

from bot.render.blocks import context, header, section
from bot.render.figures import BASIS, as_of
from bot.render.home import budgets, waiting
from bot.render.home.values import Home, View

Thing = TypeVar("Thing")
AGE = "age"
BLOCKS = 100  # of a Home tab
WAITING = 8  # things of a part; the budgets get the room that is left
BUDGETS = 50


def home_view(home: Home) -> View:
    """The view to publish; what is left out is counted."""
    room, everything, dms = WAITING, f"{home.command} status all", "see the DMs"
    blocks = [
        *_part("Waiting for your decision", home.to_decide, room, waiting.to_decide, dms),
        *_part("Waiting for your answer", home.alerts, room, waiting.alert, dms),
        *_part("Your open requests", home.requests, room, waiting.request, dms),
        *_part("Exceptions that you may end", home.exceptions, room, waiting.exception, everything),
    ]
    age = context(f"{as_of(home.freshness, home.zone)} · {BASIS[home.basis]}", AGE)
    last = [age]
    if home.unclaimed is not None:
        last = [
            header("Usage that no rule claims", "part_unattributed"),
            *budgets.unclaimed(home.unclaimed),
            age,
        ]
    left = BLOCKS - len(blocks) - len(last) - 2  # their title, and what is left out
    most = _fitting([len(budgets.budget(on)) for on in home.budgets[:BUDGETS]], left)
    title = "Your budgets" if home.own else "Budgets"
    blocks += _part(title, home.budgets, most, budgets.budget, everything, home.beyond)
    if not home.budgets and home.unclaimed is None:
        blocks.append(section("No budgets yet.", "none"))
    view: View = HomeTabView([*blocks, *last], callback_id="home").to_dict()
    return view


def digest(view: View) -> str:
    """
    Names what is shown. The line on the age is left out: it changes with every poll, and the
    figures that did not change since are as of then, too.
    """
    shown = [block for block in view["blocks"] if block.get("block_id") != AGE]
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def _part(
    title: str,
    things: Sequence[Thing],
    most: int,
    shown: Callable[[Thing], Iterable[Block]],
    where: str,
    beyond: int = 0,
) -> list[Block]:
    if not things:
        return []
    name = title.lower().replace(" ", "_")
    blocks = [header(title, f"part_{name}")]
    for thing in things[:most]:
        blocks += shown(thing)
    left = len(things[most:]) + beyond
    if left:
        blocks.append(context(f"and {left} more: {where}", f"more_{name}"))
    return blocks


def _fitting(heights: Sequence[int], room: int) -> int:
    """How many of the things fit into so many blocks, from the first on."""
    for count, height in enumerate(heights):
        room -= height
        if room < 0:
            return count
    return len(heights)
