"""Periods that were over, and whose spend a source has changed since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from bot.domain.money import Micros
from store.tables import PeriodRevisionRow


@dataclass(frozen=True, slots=True)
class PeriodRevision:
    """A budget's own charges of one source in a period: what they were, and what they are."""

    budget: str
    first_day: date
    source: str
    before: Micros
    after: Micros

    @property
    def change(self) -> Micros:
        return Micros(self.after - self.before)


def add(tx: Session, revision: PeriodRevision, now: datetime) -> None:
    tx.add(
        PeriodRevisionRow(
            at=now,
            source=revision.source,
            budget=revision.budget,
            first_day=revision.first_day,
            before=revision.before,
            after=revision.after,
        )
    )


def changes_between(
    tx: Session, starts_at: datetime, ends_at: datetime
) -> Mapping[tuple[str, date], Micros]:
    """What changed in an interval, by budget and first day of the period; what cancels out is left out."""
    rows = tx.exec(
        select(PeriodRevisionRow)
        .where(col(PeriodRevisionRow.at) >= starts_at, col(PeriodRevisionRow.at) < ends_at)
        .order_by(col(PeriodRevisionRow.id))
    )
    found: dict[tuple[str, date], int] = {}
    for row in rows:
        key = (row.budget, row.first_day)
        found[key] = found.get(key, 0) + row.after - row.before
    return {key: Micros(change) for key, change in found.items() if change}
