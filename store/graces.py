"""
The grace of a limit, kept with the alert that says that it is reached.

That alert is one for each budget, period and limit, and so is the grace; it ends with them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId, Stage
from bot.domain.grace import Grace, Word
from bot.domain.money import Micros
from bot.domain.stages import Reason
from store.tables import AlertRow

_MOMENTS = ("starts_at", "ends_at", "word_at", "over_at")


def find(tx: Session, budget: BudgetId, first_day: date, limit: Micros) -> tuple[int, Grace] | None:
    """
    The alert of a limit that is reached, and its grace; None while nobody was told.

    An alert that promised no grace had one of no length.
    """
    row = tx.exec(
        select(AlertRow)
        .where(
            col(AlertRow.budget) == budget,
            col(AlertRow.first_day) == first_day,
            col(AlertRow.limit) == limit,
            col(AlertRow.stage) == int(Stage.EXHAUSTED),
            col(AlertRow.reason) != Reason.SPIKE,
        )
        .execution_options(populate_existing=True)
    ).first()
    if row is None or row.id is None:
        return None
    kept = read(row.figures.get("grace"))
    return row.id, kept or Grace(row.fired_at, row.fired_at, over_at=row.fired_at)


def change(tx: Session, alert_id: int, grace: Grace) -> None:
    """Keep what became of it; the caller holds the alert's lock."""
    row = tx.get_one(AlertRow, alert_id, populate_existing=True)
    row.figures = {**row.figures, "grace": written(grace)}
    tx.add(row)
    tx.flush()


def written(grace: Grace | None) -> dict[str, Any] | None:
    """As JSON; read back by `read`."""
    if grace is None:
        return None
    values = asdict(grace)
    for name in _MOMENTS:
        values[name] = values[name].isoformat() if values[name] else None
    return values


def read(values: Mapping[str, Any] | None) -> Grace | None:
    if values is None:
        return None
    moments = {
        name: datetime.fromisoformat(values[name]) if values[name] else None for name in _MOMENTS
    }
    word = Word(values["word"]) if values["word"] else None
    return Grace(**{**values, **moments, "word": word})
