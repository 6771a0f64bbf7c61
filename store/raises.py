"""Temporary raises, and the proof of their beginning and end from enforcement."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, update
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
    from_budget: BudgetId | None = None  # a transfer takes it from there
    planned_ends_at: datetime | None = None  # when it was ended early
    ended_by: str | None = None

    def felt_by(self) -> list[TemporaryRaise]:
        """What it is to each budget: more to one, and in a transfer as much less to another."""
        if self.from_budget is None:
            return [self.raised]
        raised, less = self.raised, Micros(-self.raised.extra)
        given = replace(raised, budget=self.from_budget, extra=less, other=raised.budget)
        return [replace(raised, other=self.from_budget), given]


def add(tx: Session, raised: TemporaryRaise, from_budget: BudgetId | None = None) -> None:
    """An exception; of a transfer the other budget has as much less, for the same term."""
    tx.add(
        RaiseRow(
            request=raised.request,
            budget=raised.budget,
            extra=raised.extra,
            starts_at=raised.starts_at,
            ends_at=raised.ends_at,
            approved_by=raised.approved_by,
            from_budget=from_budget,
        )
    )
    tx.flush()
    _touch(tx, raised.budget, from_budget)


def end_early(tx: Session, request_id: int, by: str, now: datetime) -> bool:
    """The term is over now; False when it was over, or somebody was first."""
    done = _set(
        tx,
        col(RaiseRow.request) == request_id,
        col(RaiseRow.ends_at) > now,
        col(RaiseRow.starts_at) < now,
        col(RaiseRow.ended_by).is_(None),  # clocks of two replicas differ, and a click is older
        planned_ends_at=func.coalesce(col(RaiseRow.planned_ends_at), col(RaiseRow.ends_at)),
        ends_at=now,
        ended_by=by,
    )
    if done and (record := load(tx, request_id)) is not None:
        _touch(tx, record.raised.budget, record.from_budget)
    return done


def of_budget(tx: Session, budget: BudgetId) -> list[TemporaryRaise]:
    """Every one there ever was, those that took from it included."""
    concerned = or_(col(RaiseRow.budget) == budget, col(RaiseRow.from_budget) == budget)
    felt = [r for record in _select(tx, concerned) for r in record.felt_by()]
    return [r for r in felt if r.budget == budget]


def live(tx: Session, now: datetime) -> dict[BudgetId, list[TemporaryRaise]]:
    """Raises that are not over, by the budgets that feel them."""
    found: dict[BudgetId, list[TemporaryRaise]] = {}
    for record in _select(tx, col(RaiseRow.ends_at) > now):
        for felt in record.felt_by():
            found.setdefault(felt.budget, []).append(felt)
    return found


def ending_untold(tx: Session, before: datetime, now: datetime) -> list[RaiseRecord]:
    """Live raises that end before a moment, and nobody was told so yet."""
    return _select(
        tx,
        col(RaiseRow.ends_at) <= before,
        col(RaiseRow.ends_at) > now,
        col(RaiseRow.end_told_at).is_(None),
    )


def note_end_told(tx: Session, request_id: int, now: datetime) -> bool:
    """Mark that people were told; False when another run was first."""
    return _set(
        tx,
        col(RaiseRow.request) == request_id,
        col(RaiseRow.end_told_at).is_(None),
        end_told_at=now,
    )


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


def waiting(tx: Session, budget: BudgetId) -> list[RaiseRecord]:
    """Raises whose start, or whose end, not every target has confirmed."""
    started = col(RaiseRow.applied_version).is_not(None) & col(RaiseRow.applied_at).is_(None)
    over = col(RaiseRow.end_noted_at).is_not(None) & col(RaiseRow.restored_at).is_(None)
    return _select(tx, col(RaiseRow.budget) == budget, or_(started, over))


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


def _touch(tx: Session, *budgets: BudgetId | None) -> None:
    touched.note(tx, [budget for budget in budgets if budget], limit_changed=True)


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
        BudgetId(row.from_budget) if row.from_budget else None,
        row.planned_ends_at,
        row.ended_by,
    )
