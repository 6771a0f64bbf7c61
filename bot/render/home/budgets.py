"""Budgets on the Home tab: where each stands, and the button to ask for more."""

from slackblocks import Block

from bot.domain.money import Micros, dollars, percent
from bot.domain.standings import Standing
from bot.render.answer import break_glass
from bot.render.blocks import actions, button, moment, person, section
from bot.render.figures import runway, spent_of_limit
from bot.render.home.rows import beside
from bot.render.home.values import NAME, OnHome, Unclaimed, named
from bot.render.status import bar


def budget(on: OnHome) -> list[Block]:
    """Bar, figures and what they mean; one block, but for the glass that takes another."""
    s, block_id = on.standing, f"budget_{on.standing.budget.id}"
    title = f"*{named(s.budget.name)}*" + (f"  {bar(s)}" if s.limit is not None else "")
    text = "\n".join([title, _figures(s), *_blind(s), *_bound(on)])
    if on.instead_of is not None:
        text += f"\nyours while {person(on.instead_of)} is away"
    ask = None
    if on.asks and s.limit is not None:
        spoken = f"Ask for more budget for {s.budget.name}"
        ask = button("Ask for more", "request:open", s.budget.id, spoken=spoken)
    if on.glass is None:
        return [beside(text, block_id, ask)]
    glass = break_glass(on.glass, s.budget.name[:NAME])
    buttons = [glass] if ask is None else [ask, glass]
    return [section(text, block_id[:255]), actions(buttons, f"{block_id[:240]}_buttons")]


def unclaimed(what: Unclaimed) -> list[Block]:
    """In dollars and in per cent of everything: the field's bar is at 90 % allocated."""
    s = what.standing
    text = (
        f"{dollars(s.spent)} of {dollars(what.everything)} this period "
        f"({percent(s.spent, what.everything)} %) is claimed by no rule of the policy file, so it "
        "counts for no budget."
    )
    return [section("\n".join([text, *_blind(s)]), "unattributed")]


def _figures(s: Standing) -> str:
    said = spent_of_limit(s.spent, s.limit, s.estimated)
    return said if s.limit is None else f"{said}; {runway(s, s.budget.time_zone)}"


def _blind(s: Standing) -> list[str]:
    if not s.freshness.stale or s.freshness.as_of is None:
        return []
    since = s.freshness.blind_since or s.freshness.as_of
    return [f"blind since {moment(since, s.budget.time_zone)}"]


def _bound(on: OnHome) -> list[str]:
    """The lowest headroom on the path binds."""
    b = on.binding
    if b is None:
        return []
    left = f"{dollars(b.headroom or Micros(0))} left of {dollars(b.limit or Micros(0))}"
    return [f"its parent {named(b.budget.name)} binds first: {left}"]
