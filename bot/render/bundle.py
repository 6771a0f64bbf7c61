"""Alerts of several budgets of one owner, in one message: each with its own figures and answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.alerts import AlertFigures
from bot.render.alert import MARK, alert_message
from bot.render.answer import Shown
from bot.render.blocks import Rendered, header, message, section

MOST = 4  # an answered alert has up to nine blocks of two thousand characters together


@dataclass(frozen=True, slots=True)
class Part:
    """One alert of the bundle; `shown` is what was said since."""

    alert_id: int
    figures: AlertFigures
    shown: Shown | None = None


def bundle_message(parts: Sequence[Part]) -> Rendered:
    """The worst first, each as it would stand alone, below a line that says how many there are."""
    worst = parts[0].figures
    title = (
        f"{MARK[worst.stage]} {worst.stage.word}: {worst.name} {worst.percent} % "
        f"and {len(parts) - 1} more"
    )
    lead = f"{len(parts)} of your budgets have something to tell; each has its own answer."
    top = message(lead, header(title, "bundle"), section(lead, "several"))
    texts, blocks = [lead], list(top.blocks)
    for part in parts:
        alone = alert_message(part.alert_id, part.figures, part.shown)
        texts.append(alone.text)
        blocks += [_named(block, part.alert_id) for block in alone.blocks]
    return Rendered("\n\n".join(texts), blocks)


def _named(block: dict[str, Any], alert_id: int) -> dict[str, Any]:
    """A block's name is its own in the whole message."""
    return {**block, "block_id": f"{block['block_id']}:{alert_id}"}
