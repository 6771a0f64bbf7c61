"""That a request was changed, and what it was before."""

from zoneinfo import ZoneInfo

from bot.domain.money import dollars
from bot.domain.terms import Changed
from bot.render.blocks import moment


def changed_text(changed: Changed | None, zone: ZoneInfo) -> str:
    """` Changed Mon 23 Nov 11:02: was $200 until …`, or nothing."""
    if changed is None:
        return ""
    was = f"{dollars(changed.before.amount)} until {moment(changed.before.ends_at, zone)}"
    return f" Changed {moment(changed.at, zone)}: was {was}."
