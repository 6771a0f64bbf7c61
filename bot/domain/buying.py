"""What more dollars would buy: a later end of the money, and what the forecast says to the new limit."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.forecast import runway
from bot.domain.money import ZERO, Micros
from bot.domain.standings import Standing


@dataclass(frozen=True, slots=True)
class Buys:
    """When the limit is reached as it is, and when with the new one; None: not within this period."""

    limit: Micros  # with it
    runs_out_at: datetime | None
    then_at: datetime | None
    p50: Micros | None  # of the period's end; None: no forecast
    p80: Micros | None


def buys(standing: Standing, amount: Micros) -> Buys:
    """
    What `amount` more changes for a budget with a limit.

    The end of the exception is not part of it: whoever shows this says when the limit comes back.
    """
    limit = Micros((standing.limit or ZERO) + amount)
    ahead = standing.outlook
    if ahead is not None:
        ahead = replace(ahead, runway=runway(ahead.forecast, limit))
    lifted = replace(standing, limit=limit, outlook=ahead)
    return Buys(
        limit=limit,
        runs_out_at=standing.runs_out_at,
        then_at=lifted.runs_out_at,
        p50=ahead.forecast.p50 if ahead else None,
        p80=ahead.forecast.p80 if ahead else None,
    )
