"""Budgets on the Home tab: where each stands, and the button to ask for more."""

from slackblocks import Block

from bot.domain.money import dollars, percent
from bot.domain.standings import Standing
from bot.render.answer import break_glass
from bot.render.blocks import actions, button, fewer, person, section
from bot.render.figures import binds_first, blind, runway, spent_of_limit
from bot.render.home.values import OnHome, Unclaimed, named
from bot.render.status import bar


def budget(on: OnHome) -> list[Block]:
    """Bar, figures and what they mean; one block, but for the glass that takes another."""
    s, block_id = on.standing, f"budget_{on.standing.budget.id}"
    title = f"*{named(s.budget.name)}*" + (f"  {bar(s)}" if s.limit is not None else "")
    lines = [title, _figures(s), blind(s)]
    lines += fewer(on.unheld, 600)
    if on.binding is not None:
        lines.append(binds_first(on.binding))
    if on.instead_of is not None:
        lines.append(f"yours while {person(on.instead_of)} is away")
    text = "\n".join(line for line in lines if line)
    ask = None
    if on.asks and s.limit is not None:
        spoken = f"Ask for more budget for {s.budget.name}"
        ask = button("Ask for more", "request:open", s.budget.id, spoken=spoken)
    if on.glass is None:
        return [section(text, block_id, ask)]
    glass = break_glass(on.glass, s.budget.name)
    buttons = [glass] if ask is None else [ask, glass]
    return [section(text, block_id), actions(buttons, f"{block_id}_buttons")]


def unclaimed(what: Unclaimed) -> list[Block]:
    """In dollars and in per cent of everything: the field's bar is at 90 % allocated."""
    s = what.standing
    text = (
        f"{dollars(s.spent)} of {dollars(what.everything)} this period "
        f"({percent(s.spent, what.everything)} %) is claimed by no rule of the policy file, so it "
        "counts for no budget."
    )
    return [section(f"{text}\n{blind(s)}".rstrip(), "unattributed")]


def _figures(s: Standing) -> str:
    said = spent_of_limit(s.spent, s.limit, s.estimated)
    return said if s.limit is None else f"{said}; {runway(s, s.budget.time_zone)}"
