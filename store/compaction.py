"""
Old hours become days: what a year of hours costs in space, nobody asks of it.

A day is the organization's; every sum by budget, source, day or dimension stays what it was.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from bot.domain.usage import Window
from store import charge_rows
from store.tables import ChargeRow, SourceRow

_DAY = timedelta(days=1)


def next_at(tx: Session, source: str) -> datetime | None:
    """The first charge that was not compacted yet, or a moment before it; None: nothing is left."""
    done = tx.exec(select(SourceRow.compacted_to).where(col(SourceRow.name) == source)).first()
    query = select(func.min(ChargeRow.starts_at)).where(col(ChargeRow.source) == source)
    if done is not None:
        query = query.where(col(ChargeRow.starts_at) >= done)
    return tx.exec(query).one()


def compact(tx: Session, source: str, day: Window, keep: Collection[str]) -> int:
    """
    Put a day's hours together; how many rows that saves.

    Whoever calls holds the source's lock. Budgets in `keep` stay as they are, because their days
    are not these; so does what is longer than the day, such as a month that was imported.
    """
    groups: dict[charge_rows.Values, list[tuple[int, charge_rows.Values]]] = defaultdict(list)
    for id_, values in charge_rows.read(tx, source, day):
        ends_at = charge_rows.ends_at_of(values)
        if charge_rows.budget_of(values) in keep or ends_at > day.ends_at:
            continue
        groups[charge_rows.of_day(values, day)].append((id_, values))
    merged, gone = [], []
    for key, members in groups.items():
        rows = [values for _, values in members]
        total = charge_rows.summed(key, rows)
        if rows != [total]:
            merged.append(total)
            gone += [id_ for id_, _ in members]
    charge_rows.remove(tx, gone)
    charge_rows.insert(tx, merged)
    _note(tx, source, day.ends_at)
    return len(gone) - len(merged)


def begin_again(tx: Session, source: str, starts_at: datetime) -> None:
    """Hours were read again that lie before what was compacted: go over them once more."""
    tx.execute(
        update(SourceRow)
        .where(col(SourceRow.name) == source, col(SourceRow.compacted_to) > starts_at)
        .values(compacted_to=starts_at)
    )


def _note(tx: Session, source: str, until: datetime) -> None:
    tx.execute(update(SourceRow).where(col(SourceRow.name) == source).values(compacted_to=until))
