"""Why the owner of a budget gets the alert of the one above it."""

from bot.domain.alerts import Alert
from bot.domain.budgets import Stage
from bot.domain.stages import covers
from bot.domain.standings import Standing
from bot.render.blocks import one_line


def lead_below(alert: Alert, binds: Standing) -> str:
    """`Growth reached respond; Platform above it is exhausted, and that comes first.`"""
    name, above = one_line(alert.standing.budget.name, 80), one_line(binds.budget.name, 80)
    rest = f"Milder alerts of {name} (look and respond) rest"
    if covers(binds.budget, Stage.INTERVENE):
        rest = f"Alerts of {name} rest, but for its own limit,"
    return (
        f"{name} reached {alert.stage.word}; {above} above it is exhausted, and that comes first. "
        f"{rest} until {above} has room again."
    )
