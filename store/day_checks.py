"""UTC days of a source: the ledger against the source's own total, estimated against billed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.domain.money import ZERO, Micros
from store.inserts import insert_once
from store.tables import DayCheckRow


@dataclass(frozen=True, slots=True)
class DayCheck:
    """`ledger` and `total` are None before the day was compared."""

    source: str
    day: date
    ledger: Micros | None = None
    total: Micros | None = None
    checked_at: datetime | None = None
    told_at: datetime | None = None
    estimated: Micros = ZERO
    billed: Micros = ZERO
    told_estimate_at: datetime | None = None


def load(tx: Session, source: str, day: date) -> DayCheck:
    row = tx.get(DayCheckRow, (source, day), populate_existing=True)
    return DayCheck(source, day) if row is None else _check(row)


def since(tx: Session, first: date) -> list[DayCheck]:
    """Every check of the days from `first` on."""
    rows = tx.exec(
        select(DayCheckRow)
        .where(col(DayCheckRow.day) >= first)
        .order_by(col(DayCheckRow.source), col(DayCheckRow.day))
    )
    return [_check(row) for row in rows]


def save(tx: Session, checks: Collection[DayCheck]) -> None:
    """What was compared and told; `estimated` and `billed` are `add_billed`'s, which may be later."""
    for check in checks:
        insert_once(tx, DayCheckRow, source=check.source, day=check.day, estimated=0, billed=0)
        tx.execute(
            update(DayCheckRow)
            .where(col(DayCheckRow.source) == check.source, col(DayCheckRow.day) == check.day)
            .values(
                ledger=check.ledger,
                total=check.total,
                checked_at=check.checked_at,
                told_at=check.told_at,
                told_estimate_at=check.told_estimate_at,
            )
        )


def add_billed(tx: Session, source: str, day: date, estimated: Micros, billed: Micros) -> None:
    """Hours of a day that were estimated are billed now; whoever calls holds the source's lock."""
    insert_once(tx, DayCheckRow, source=source, day=day, estimated=0, billed=0)
    row = tx.get(DayCheckRow, (source, day), populate_existing=True)
    if row is None:
        raise LookupError("a day check that was just written")
    row.estimated += estimated
    row.billed += billed
    tx.add(row)
    tx.flush()


def _check(row: DayCheckRow) -> DayCheck:
    return DayCheck(
        source=row.source,
        day=row.day,
        ledger=None if row.ledger is None else Micros(row.ledger),
        total=None if row.total is None else Micros(row.total),
        checked_at=row.checked_at,
        told_at=row.told_at,
        estimated=Micros(row.estimated),
        billed=Micros(row.billed),
        told_estimate_at=row.told_estimate_at,
    )
