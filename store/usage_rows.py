"""Usage rows, put together again from the charges they became."""

from datetime import datetime

from sqlmodel import Session, col, select

from bot.domain.usage import UsageRow, Window
from store import charge_rows
from store.tables import ChargeRow


def sources_between(tx: Session, starts_at: datetime, ends_at: datetime) -> list[str]:
    """Which sources have charges in an interval."""
    found = tx.exec(
        select(ChargeRow.source)
        .where(col(ChargeRow.starts_at) >= starts_at, col(ChargeRow.starts_at) < ends_at)
        .distinct()
    )
    return sorted(found)


def any_within(tx: Session, source: str, window: Window) -> bool:
    """Whether a source has a charge that begins in a window."""
    found = tx.exec(
        select(ChargeRow.id)
        .where(
            col(ChargeRow.source) == source,
            col(ChargeRow.starts_at) >= window.starts_at,
            col(ChargeRow.starts_at) < window.ends_at,
        )
        .limit(1)
    )
    return found.first() is not None


def of_window(tx: Session, source: str, window: Window) -> list[UsageRow]:
    """
    The rows of a source in a window: the shares of a row that was split are added up again.

    Shares sum to what was split to the micro-dollar, so nothing is lost or invented on the way.
    """
    shares: dict[charge_rows.Values, list[charge_rows.Values]] = {}
    for _, values in sorted(charge_rows.read(tx, source, window), key=lambda row: row[0]):
        shares.setdefault(charge_rows.of_row(values), []).append(values)
    return [
        charge_rows.usage_row(charge_rows.summed(common, values))
        for common, values in shares.items()
    ]
