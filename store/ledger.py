"""The ledger: charges by hour. Spend is always a sum over it, never a counter."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from bot.domain.attribution import Charge
from bot.domain.money import Micros
from bot.domain.policy import Basis
from bot.domain.revisions import Held
from bot.domain.usage import Window
from store import charge_rows, touched
from store.batches import batches
from store.tables import ChargeRow, SourceRow

LONGEST_DAY = timedelta(hours=26)  # the one on which clocks go back, and to spare


def replace(tx: Session, source: str, window: Window, charges: Sequence[Charge]) -> frozenset[str]:
    """
    Make the window say what the source says now; the budgets for which that is something else.

    Late and revised figures heal themselves, and a repeated poll changes nothing. A charge from
    outside the window would be counted again by the next poll, so it is refused, and so is a
    window that cuts through a day that was compacted.
    """
    if any(not window.starts_at <= c.row.starts_at < window.ends_at for c in charges):
        raise ValueError("a charge lies outside the window that is replaced")
    _check_whole_days(tx, source, window)
    wanted = Counter(charge_rows.values_of(source, charge) for charge in charges)
    stale: list[int] = []
    changed: set[str] = set()
    for id_, values in charge_rows.read(tx, source, window):
        if wanted.get(values, 0) > 0:
            wanted[values] -= 1
        else:
            stale.append(id_)
            changed.add(charge_rows.budget_of(values))
    fresh = [values for values, count in wanted.items() for _ in range(count)]
    changed.update(charge_rows.budget_of(values) for values in fresh)
    charge_rows.remove(tx, stale)
    charge_rows.insert(tx, fresh)
    touched.note(tx, changed)
    return frozenset(changed)


def add(tx: Session, source: str, charges: Sequence[Charge]) -> None:
    """Charges that stand for themselves, such as pushed rows; whoever adds them adds them once."""
    charge_rows.insert(tx, [charge_rows.values_of(source, charge) for charge in charges])
    touched.note(tx, {charge.budget for charge in charges})


def spend(
    tx: Session,
    starts_at: datetime,
    ends_at: datetime,
    basis: Basis,
    budgets: Collection[str] | None = None,
    source: str | None = None,
    *,
    billed_only: bool = False,
) -> Mapping[str, Micros]:
    """
    Spend of each budget, its own charges only, in a half-open interval.

    Of some budgets, or of all; of one source, or of all; with what is estimated, or without.
    """
    spent: dict[str, Micros] = {}
    for some in batches(budgets):
        query = select(ChargeRow.budget, func.sum(_amount(basis))).where(
            col(ChargeRow.starts_at) >= starts_at, col(ChargeRow.starts_at) < ends_at
        )
        if some is not None:
            query = query.where(col(ChargeRow.budget).in_(some))
        if source is not None:
            query = query.where(col(ChargeRow.source) == source)
        if billed_only:
            query = query.where(col(ChargeRow.estimated).is_(False))
        # The sum of bigints is a Decimal from PostgreSQL and an int from SQLite.
        rows = tx.exec(query.group_by(col(ChargeRow.budget)))
        spent |= {budget: Micros(int(total or 0)) for budget, total in rows}
    return spent


def held(tx: Session, source: str, window: Window, basis: Basis) -> Held:
    """What a source's charges in a window come to, and how many of them cost something."""
    amount = _amount(basis)
    rows, total = tx.exec(
        select(func.count(), func.sum(amount)).where(*_within(source, window), col(amount) != 0)
    ).one()
    return Held(rows, Micros(int(total or 0)))


def hours(
    tx: Session, source: str, window: Window, basis: Basis
) -> dict[datetime, tuple[Micros, bool]]:
    """What each hour of a source costs, and whether some of it is an estimate."""
    estimates = func.sum(case((col(ChargeRow.estimated), 1), else_=0))
    rows = tx.exec(
        select(ChargeRow.starts_at, func.sum(_amount(basis)), estimates)
        .where(*_within(source, window))
        .group_by(col(ChargeRow.starts_at))
    )
    return {at: (Micros(int(total)), bool(count)) for at, total, count in rows}


def ends_at(tx: Session, source: str) -> datetime | None:
    """Where what one source has charged ends; None: it has charged nothing."""
    mine = col(ChargeRow.source) == source
    last = tx.exec(select(func.max(ChargeRow.starts_at)).where(mine)).one()
    return tx.exec(
        select(func.max(ChargeRow.ends_at)).where(mine, col(ChargeRow.starts_at) == last)
    ).one()


def first_charge_at(tx: Session) -> datetime | None:
    """Where the history begins; source by source, because that is how the index is sorted."""
    first: datetime | None = None
    source = tx.exec(select(func.min(ChargeRow.source))).one()
    while source is not None:
        here = tx.exec(
            select(func.min(ChargeRow.starts_at)).where(col(ChargeRow.source) == source)
        ).one()
        first = here if first is None or (here and here < first) else first
        source = tx.exec(
            select(func.min(ChargeRow.source)).where(col(ChargeRow.source) > source)
        ).one()
    return first


def top_models(
    tx: Session,
    budgets: Collection[str],
    starts_at: datetime,
    ends_at: datetime,
    basis: Basis,
    limit: int = 3,
) -> list[tuple[str, Micros]]:
    """What the budgets spend most on."""
    total = func.sum(_amount(basis))
    rows = tx.exec(
        select(ChargeRow.model, total)
        .where(
            col(ChargeRow.budget).in_(list(budgets)),
            col(ChargeRow.starts_at) >= starts_at,
            col(ChargeRow.starts_at) < ends_at,
        )
        .group_by(col(ChargeRow.model))
        .order_by(total.desc(), col(ChargeRow.model))
        .limit(limit)
    )
    return [(model or "other", Micros(int(amount or 0))) for model, amount in rows]


def _amount(basis: Basis) -> int:
    return ChargeRow.net if basis is Basis.NET else ChargeRow.list


def _within(source: str, window: Window) -> tuple[Any, ...]:
    return (
        col(ChargeRow.source) == source,
        col(ChargeRow.starts_at) >= window.starts_at,
        col(ChargeRow.starts_at) < window.ends_at,
    )


def _check_whole_days(tx: Session, source: str, window: Window) -> None:
    """Days after `compacted_to` may be whole as well: when older hours come late, it goes back."""
    done = tx.exec(select(SourceRow.compacted_to).where(col(SourceRow.name) == source)).first()
    if done is None:
        return
    for edge in (window.starts_at, window.ends_at):
        cut = tx.exec(
            select(ChargeRow.id)
            .where(
                col(ChargeRow.source) == source,
                col(ChargeRow.compacted),
                col(ChargeRow.starts_at) < edge,
                col(ChargeRow.starts_at) > edge - LONGEST_DAY,
                col(ChargeRow.ends_at) > edge,
            )
            .limit(1)
        ).first()
        if cut is not None:
            raise ValueError(f"{edge.isoformat()} lies within a day that is kept as one")
