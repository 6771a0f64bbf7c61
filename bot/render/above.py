"""Why the owner of a budget gets the alert of the one above it."""

from bot.domain.alerts import Alert
from bot.domain.standings import Standing
from bot.render.blocks import one_line


def lead_below(alert: Alert, binds: Standing) -> str:
    """`Growth reached respond; Platform above it is exhausted, and that is what binds now.`"""
    name, above = one_line(alert.standing.budget.name, 80), one_line(binds.budget.name, 80)
    return (
        f"{name} reached {alert.stage.word}; {above} above it is exhausted, and that is what binds "
        f"now. Alerts of {name} rest until {above} has room again."
    )
