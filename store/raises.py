"""Temporary raises, and the proof of their beginning and end from enforcement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId
from bot.domain.limits import TemporaryRaise
from bot.domain.money import Micros
from store import touched
from store.tables import RaiseRow


@dataclass(frozen=True, slots=True)
class RaiseRecord:
    """A raise, the limit state versions that carry its start and end, and when they were confirmed."""

    raised: TemporaryRaise
    applied_version: int | None
    applied_at: datetime | None
    ended_version: int | None
    restored_at: datetime | None
    end_noted: bool


def add(tx: Session, raised: TemporaryRaise) -> None:
    tx.add(
        RaiseRow(
            request=raised.request,
            budget=raised.budget,
            extra=raised.extra,
            starts_at=raised.starts_at,
            ends_at=raised.ends_at,
            approved_by=raised.approved_by,
        )
    )
    tx.flush()
    touched.note(tx, [raised.budget], limit_changed=True)


def of_budget(tx: Session, budget: BudgetId) -> list[TemporaryRaise]:
    return [r.raised for r in _select(tx, col(RaiseRow.budget) == budget)]


def live(tx: Session, now: datetime) -> dict[BudgetId, list[TemporaryRaise]]:
    """Raises that are not over, by budget."""
    found: dict[BudgetId, list[TemporaryRaise]] = {}
    for record in _select(tx, col(RaiseRow.ends_at) > now):
        found.setdefault(record.raised.budget, []).append(record.raised)
    return found


def load(tx: Session, request_id: int) -> RaiseRecord | None:
    return next(iter(_select(tx, col(RaiseRow.request) == request_id)), None)


def ended_unnoted(tx: Session, now: datetime) -> list[RaiseRecord]:
    """Raises that are over by the clock, and that no run has acted on yet."""
    return _select(tx, col(RaiseRow.ends_at) <= now, col(RaiseRow.end_noted_at).is_(None))


def note_end(tx: Session, request_id: int, version: int | None, now: datetime) -> bool:
    """Mark that the end was acted on, with the version that takes the raise back."""
    return _set(
        tx,
        col(RaiseRow.request) == request_id,
        col(RaiseRow.end_noted_at).is_(None),
        end_noted_at=now,
        ended_version=version,
    )


def carried_by(tx: Session, request_id: int, version: int) -> None:
    """Note which limit state version carries the raise."""
    _set(tx, col(RaiseRow.request) == request_id, applied_version=version)


def unconfirmed(tx: Session, budget: BudgetId, version: int) -> list[RaiseRecord]:
    """Raises that a version carries and the target has not confirmed."""
    return _select(
        tx,
        col(RaiseRow.budget) == budget,
        col(RaiseRow.applied_version) <= version,
        col(RaiseRow.applied_at).is_(None),
    )


def confirm(
    tx: Session, budget: BudgetId, version: int, now: datetime
) -> tuple[list[RaiseRecord], list[RaiseRecord]]:
    """The target holds `version`: which raises are proven applied by it, and which restored."""
    applied = unconfirmed(tx, budget, version)
    restored = _select(
        tx,
        col(RaiseRow.budget) == budget,
        col(RaiseRow.ended_version) <= version,
        col(RaiseRow.restored_at).is_(None),
    )
    for record in applied:
        _set(tx, col(RaiseRow.request) == record.raised.request, applied_at=now)
    for record in restored:
        _set(tx, col(RaiseRow.request) == record.raised.request, restored_at=now)
    return applied, restored


def _set(tx: Session, *conditions: Any, **values: Any) -> bool:
    done = tx.execute(update(RaiseRow).where(*conditions).values(**values))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _select(tx: Session, *conditions: Any) -> list[RaiseRecord]:
    query = select(RaiseRow).where(*conditions).order_by(col(RaiseRow.request))
    rows = tx.exec(query.execution_options(populate_existing=True))
    return [_record(row) for row in rows]


def _record(row: RaiseRow) -> RaiseRecord:
    raised = TemporaryRaise(
        BudgetId(row.budget),
        row.request,
        Micros(row.extra),
        row.starts_at,
        row.ends_at,
        row.approved_by,
    )
    return RaiseRecord(
        raised,
        row.applied_version,
        row.applied_at,
        row.ended_version,
        row.restored_at,
        row.end_noted_at is not None,
    )
