"""The forms of those who decide; a request that is over says so instead."""

from bot.domain.increases import Increase, proposed_limit, read_limit
from bot.domain.money import Micros, dollars
from bot.flows.increases.looking import load, why_over
from bot.parts import Bot
from bot.render import increase_modals as modals
from bot.render.increase_modals import View


def why_not(bot: Bot, increase_id: int) -> str | None:
    """Why there is nothing to decide, before Slack is asked anything."""
    found = _pending(bot, increase_id)
    return found if isinstance(found, str) else None


def approve_form(bot: Bot, increase_id: int, about: str) -> View | str:
    """`about` comes back with the form: what was pressed, and where."""
    found = _pending(bot, increase_id)
    if isinstance(found, str):
        return found
    proposed = dollars(proposed_limit(found.figures))
    return modals.approve_modal(about, _sentence(found), found.period, proposed)


def deny_form(bot: Bot, increase_id: int, about: str) -> View | str:
    found = _pending(bot, increase_id)
    return found if isinstance(found, str) else modals.deny_modal(about, _sentence(found))


def limit_of(bot: Bot, increase_id: int, text: str) -> Micros:
    """
    The new limit that somebody typed.

    Raises:
        UserError: with the field, and what would be accepted; or that it is over.
    """
    with bot.db.transaction() as tx:
        return read_limit(text, load(tx, increase_id).figures)


def _pending(bot: Bot, increase_id: int) -> Increase | str:
    with bot.db.transaction() as tx:
        increase = load(tx, increase_id)
        over = why_over(tx, bot, increase)
        return increase if over is None else over


def _sentence(increase: Increase) -> str:
    """Plain text: a form's summary knows no mentions."""
    figures, member = increase.figures, increase.member
    limit = dollars(figures.limit) if figures.limit is not None else "none"
    text = (
        f"Increase request #{increase.id} of {member.name or member.email or member.id}: "
        f"{increase.period} limit now {limit}, spent of it so far {dollars(figures.spent)}."
    )
    if figures.budgets:
        text += f" The usage falls on {figures.budgets[0].name}."
    return text
