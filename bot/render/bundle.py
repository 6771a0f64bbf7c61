"""Alerts of several budgets of one owner, in one message: each with its own figures and answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.alerts import AlertFigures
from bot.render.alert import MARK, alert_message
from bot.render.answer import Shown, below
from bot.render.blocks import Rendered, fitting, header, message, one_line, section

MOST = 4  # an answered alert has up to nine blocks of two thousand characters together
MOST_TEXT = 4_000  # Slack's for an update, and a message may have to be updated
LONGEST_LEAD = 80


@dataclass(frozen=True, slots=True)
class Part:
    """One alert of the bundle; `shown` is what was said since."""

    alert_id: int
    figures: AlertFigures
    shown: Shown | None = None


def how_many_fit(parts: Sequence[Part]) -> int:
    """How many of these, from the first on, can be read aloud whole from one message's text."""
    return fitting([_asking(part).text for part in parts], MOST_TEXT - LONGEST_LEAD)


def bundle_message(parts: Sequence[Part]) -> Rendered:
    """The worst first, each as it would stand alone, below a line that says how many there are."""
    worst = parts[0].figures
    more = f" {worst.percent} % and {len(parts) - 1} more"
    title = f"{MARK[worst.stage]} {worst.stage.word}: {_short(worst.name)}{more}"
    lead = f"{len(parts)} of your budgets have something to tell; each has its own answer."
    blocks = list(message(lead, header(title, "bundle"), section(lead, "several")).blocks)
    texts = [lead]
    for part in parts:
        alone = alert_message(part.alert_id, part.figures, part.shown)
        texts.append(alone.text)
        blocks += [_named(block, part.alert_id) for block in alone.blocks]
    text = "\n\n".join(texts)
    if len(text) > MOST_TEXT:
        text = "\n\n".join([lead, *map(_in_short, parts)])
    return Rendered(text, blocks)


def _asking(part: Part) -> Rendered:
    return alert_message(part.alert_id, part.figures)


def _in_short(part: Part) -> str:
    """What still asks, whole; of the rest what was said, in no more room than the question had."""
    whole = _asking(part).text
    if part.shown is None:
        return whole
    f = part.figures
    said, _ = below(part.alert_id, f, part.shown)
    return f"{f.stage.word}: {one_line(f.name, 80)} {f.percent} %. {said}"[: len(whole)]


def _short(name: str) -> str:
    return name if len(name) <= 90 else f"{name[:89]}…"


def _named(block: dict[str, Any], alert_id: int) -> dict[str, Any]:
    """A block's name is its own in the whole message."""
    return {**block, "block_id": f"{block['block_id']}:{alert_id}"}
