"""How far each enforcement target has followed a budget, what it holds, and since when it fails."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId
from store.inserts import upsert
from store.tables import TargetStateRow

KEPT = 10  # of what was written: enough to know our own in a backup of the target
Held = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TargetState:
    """One budget at one target; version 0: never confirmed, or no longer."""

    budget: BudgetId
    target: str
    accepted_version: int = 0
    confirmed_version: int = 0
    confirmed_at: datetime | None = None
    held: Held | None = None  # as it was read back last, whoever wrote it
    written: Sequence[Held] = ()  # by us, the newest first
    tried: Held | None = None  # what we were about to write, and is not confirmed since
    note: str | None = None
    edited: str | None = None  # somebody else changed it: what was found
    edited_at: datetime | None = None
    looked_at: datetime | None = None
    failing_since: datetime | None = None
    error: str | None = None


def load(tx: Session, budget: BudgetId, target: str) -> TargetState:
    row = tx.get(TargetStateRow, (budget, target), populate_existing=True)
    return TargetState(budget, target) if row is None else _state(row)


def of_budget(tx: Session, budget: BudgetId) -> dict[str, TargetState]:
    """By target; those that have never answered or failed are not there."""
    return {state.target: state for state in _select(tx, col(TargetStateRow.budget) == budget)}


def at(tx: Session, target: str) -> dict[BudgetId, TargetState]:
    """Everything a target has answered, by budget."""
    return {state.budget: state for state in _select(tx, col(TargetStateRow.target) == target)}


def confirmed_versions(tx: Session, target: str) -> dict[BudgetId, int]:
    """By budget, what a target has confirmed; where it was never asked, there is nothing."""
    rows = tx.exec(
        select(TargetStateRow.budget, TargetStateRow.confirmed_version).where(
            col(TargetStateRow.target) == target
        )
    )
    return {BudgetId(budget): version for budget, version in rows}


def confirm(
    tx: Session,
    budget: BudgetId,
    target: str,
    version: int,
    held: Held,
    note: str,
    now: datetime,
) -> bool:
    """
    The target holds `version`; False when that was known.

    What it holds is ours from now on, so a later look that finds anything else finds an edit. The
    caller holds the lock of the budget's limit state.
    """
    was = load(tx, budget, target)
    _save(
        tx,
        was,
        accepted_version=max(was.accepted_version, version),
        confirmed_version=max(was.confirmed_version, version),
        confirmed_at=now if was.confirmed_version < version else was.confirmed_at,
        held=dict(held),
        written=[dict(one) for one in _with(held, was.written)],
        tried=None,
        note=note or None,
        edited=None,
        edited_at=None,
        looked_at=now,
        failing_since=None,
        error=None,
    )
    return was.confirmed_version < version


def tried(tx: Session, budget: BudgetId, target: str, held: Held) -> None:
    """What is about to be written there, by us; kept until something is confirmed."""
    _save(tx, load(tx, budget, target), tried=dict(held))


def accept(tx: Session, budget: BudgetId, target: str, version: int, note: str) -> bool:
    """The target took `version` without saying that it holds it; False when that was known."""
    was = load(tx, budget, target)
    _save(
        tx,
        was,
        accepted_version=max(was.accepted_version, version),
        note=note or None,
        edited=None,
        edited_at=None,
        failing_since=None,
        error=None,
    )
    return was.accepted_version < version


def edit(tx: Session, budget: BudgetId, target: str, held: Held, text: str, now: datetime) -> bool:
    """
    Somebody else's value stands there, so nothing of ours does; False when just that was known.
    """
    was = load(tx, budget, target)
    _save(
        tx,
        was,
        accepted_version=0,
        confirmed_version=0,
        held=dict(held),
        edited=text,
        edited_at=was.edited_at or now,
        looked_at=now,
        failing_since=None,
        error=None,
    )
    return was.edited is None or was.held != dict(held)


def drift(tx: Session, budget: BudgetId, target: str, now: datetime) -> bool:
    """It holds what we wrote there once and no longer want; False when that was known."""
    was = load(tx, budget, target)
    _save(
        tx,
        was,
        accepted_version=0,
        confirmed_version=0,
        edited=None,
        edited_at=None,
        looked_at=now,
        failing_since=None,
        error=None,
    )
    return was.confirmed_version > 0 or was.edited is not None


def look(tx: Session, budget: BudgetId, target: str, now: datetime) -> None:
    """It answered, and there is nothing to change."""
    was = load(tx, budget, target)
    _save(tx, was, looked_at=now, failing_since=None, error=None)


def fail(tx: Session, budget: BudgetId, target: str, error: str, now: datetime) -> None:
    """
    It did not answer as it should, and will be asked again.

    All budgets that fail at a target at once have one beginning, that of its outage.
    """
    was = load(tx, budget, target)
    since = was.failing_since or failing(tx).get(target) or now
    _save(tx, was, failing_since=since, error=error)


def answer(tx: Session, budget: BudgetId, target: str, error: str | None) -> None:
    """It answered: an outage is over, whatever the answer was worth."""
    was = load(tx, budget, target)
    if was.failing_since is not None or was.error != error:
        _save(tx, was, failing_since=None, error=error)


def failing(tx: Session) -> dict[str, datetime]:
    """Since when each target that fails does so."""
    rows = tx.exec(
        select(TargetStateRow.target, sa.func.min(TargetStateRow.failing_since))
        .where(col(TargetStateRow.failing_since).is_not(None))
        .group_by(TargetStateRow.target)
    )
    return {target: since for target, since in rows if since is not None}


def failing_at(tx: Session, target: str) -> list[TargetState]:
    """The budgets that wait for a target, and what it said last."""
    return _select(
        tx,
        col(TargetStateRow.target) == target,
        col(TargetStateRow.failing_since).is_not(None),
    )


def not_looked_at(
    tx: Session, target: str, since: datetime, budgets: Collection[BudgetId], most: int
) -> list[BudgetId]:
    """Budgets among these that this target was not asked about since then, the longest ago first."""
    looked = col(TargetStateRow.looked_at)
    query = (
        select(TargetStateRow.budget)
        .where(
            col(TargetStateRow.target) == target,
            sa.or_(looked.is_(None), looked <= since),
        )
        .order_by(sa.case((looked.is_(None), 0), else_=1), looked, col(TargetStateRow.budget))
    )
    wanted = set(budgets)
    found = (BudgetId(budget) for budget in tx.exec(query))
    return [budget for budget in found if budget in wanted][:most]


def _with(held: Held, written: Sequence[Held]) -> list[Held]:
    """The newest first, each once."""
    older = [one for one in written if dict(one) != dict(held)]
    return [held, *older][:KEPT]


def _save(tx: Session, was: TargetState, **values: Any) -> None:
    """The whole row: whoever changes it holds the lock of the budget's limit state."""
    row = {field.name: getattr(was, field.name) for field in fields(was)}
    row["written"] = [dict(one) for one in was.written]
    upsert(tx, TargetStateRow, **{**row, **values})


def _select(tx: Session, *conditions: Any) -> list[TargetState]:
    query = select(TargetStateRow).where(*conditions).order_by(col(TargetStateRow.budget))
    rows = tx.exec(query.execution_options(populate_existing=True))
    return [_state(row) for row in rows]


def _state(row: TargetStateRow) -> TargetState:
    return TargetState(
        budget=BudgetId(row.budget),
        target=row.target,
        accepted_version=row.accepted_version,
        confirmed_version=row.confirmed_version,
        confirmed_at=row.confirmed_at,
        held=row.held,
        written=tuple(row.written or ()),
        tried=row.tried,
        note=row.note,
        edited=row.edited,
        edited_at=row.edited_at,
        looked_at=row.looked_at,
        failing_since=row.failing_since,
        error=row.error,
    )
