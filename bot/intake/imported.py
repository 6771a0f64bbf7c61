"""What an imported file tells of is not read once more: every dollar would count twice."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from bot.domain.usage import IMPORTED, Window
from store import usage_rows

EVER = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONGEST_CHARGE = timedelta(days=1)  # one that began before the window may still run


def after_imports(tx: Session, window: Window) -> Window | None:
    """The whole hours of a window after the last that was imported; None when none are left."""
    reach = Window(window.starts_at - LONGEST_CHARGE, window.ends_at)
    names = usage_rows.sources_between(tx, reach.starts_at, reach.ends_at)
    imported = [
        _ceil(row.ends_at)
        for name in names
        if name.startswith(IMPORTED)
        for row in usage_rows.of_window(tx, name, reach)
    ]
    starts_at = max([window.starts_at, *imported])
    return Window(starts_at, window.ends_at) if starts_at < window.ends_at else None


def _ceil(moment: datetime) -> datetime:
    floor = moment.replace(minute=0, second=0, microsecond=0)
    return floor if floor == moment else floor + HOUR
