"""Limit states: what should be true at every enforcement target, and what all have confirmed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId
from bot.domain.limits import Cause, Fallback, LimitState, Mode
from bot.domain.money import Micros
from bot.domain.periods import Period
from store.batches import batches
from store.inserts import insert_once
from store.tables import LimitStateRow


@dataclass(frozen=True, slots=True)
class HeldState:
    """The newest state of a budget, and how far all of its targets have followed."""

    state: LimitState
    version: int
    changed_at: datetime
    confirmed_version: int
    confirmed_at: datetime | None
    accepted_version: int

    @property
    def confirmed(self) -> bool:
        return self.confirmed_version >= self.version


def load(tx: Session, budget: BudgetId, *, lock: bool = False) -> HeldState | None:
    query = select(LimitStateRow).where(col(LimitStateRow.budget) == budget)
    if lock:
        query = query.with_for_update()
    row = tx.exec(query.execution_options(populate_existing=True)).first()
    return None if row is None else _held(row)


def load_all(tx: Session) -> dict[BudgetId, HeldState]:
    rows = tx.exec(select(LimitStateRow).order_by(col(LimitStateRow.budget)))
    return {BudgetId(row.budget): _held(row) for row in rows}


def modes(tx: Session, budgets: Collection[BudgetId]) -> dict[BudgetId, Mode]:
    """The mode each of these budgets is to be held in."""
    found: dict[BudgetId, Mode] = {}
    for some in batches(budgets):
        query = select(LimitStateRow.budget, LimitStateRow.state)
        rows = tx.exec(query.where(col(LimitStateRow.budget).in_(some or [])))
        found |= {BudgetId(budget): Mode(state["mode"]) for budget, state in rows}
    return found


def grace_ends(tx: Session, budgets: Collection[BudgetId]) -> dict[BudgetId, datetime]:
    """Until when those of these budgets are let through that have reached their limit."""
    found: dict[BudgetId, datetime] = {}
    for some in batches(budgets):
        query = select(LimitStateRow.budget, LimitStateRow.state)
        rows = tx.exec(query.where(col(LimitStateRow.budget).in_(some or [])))
        ends = {budget: state.get("grace_until") for budget, state in rows}
        found |= {BudgetId(b): datetime.fromisoformat(at) for b, at in ends.items() if at}
    return found


def change(tx: Session, state: LimitState, now: datetime) -> int | None:
    """
    Hold a new state; its version, or None when it is the state held already.

    The budget's row is locked first, so versions are handed out in the order of the commits.
    """
    body = _row_of(state)
    added = insert_once(
        tx,
        LimitStateRow,
        budget=state.budget,
        version=1,
        state=body,
        changed_at=now,
        confirmed_version=0,
        accepted_version=0,
    )
    if added:
        return 1
    held = load(tx, state.budget, lock=True)
    if held is None or held.state == state:
        return None
    _set(tx, state.budget, version=held.version + 1, state=body, changed_at=now)
    return held.version + 1


def follow(
    tx: Session, budget: BudgetId, confirmed: int, accepted: int, now: datetime
) -> HeldState | None:
    """
    What all targets of the budget have confirmed, and at least accepted; the state with it.

    It falls when a target is added that has heard of nothing, or holds somebody else's value. A
    version that we never sent confirms nothing. The caller holds the row's lock.
    """
    held = load(tx, budget, lock=True)
    if held is None:
        return None
    confirmed = min(confirmed, held.version)
    accepted = min(max(accepted, confirmed), held.version)
    if (confirmed, accepted) == (held.confirmed_version, held.accepted_version):
        return held
    at = now if confirmed > held.confirmed_version else held.confirmed_at
    _set(
        tx,
        budget,
        confirmed_version=confirmed,
        accepted_version=accepted,
        confirmed_at=at if confirmed else None,
    )
    return load(tx, budget)


def unconfirmed(tx: Session) -> dict[BudgetId, HeldState]:
    """Budgets whose newest version not every target has confirmed."""
    query = select(LimitStateRow).where(
        col(LimitStateRow.confirmed_version) < col(LimitStateRow.version)
    )
    rows = tx.exec(query.order_by(col(LimitStateRow.budget)))
    return {BudgetId(row.budget): _held(row) for row in rows}


def confirmed_versions(tx: Session) -> dict[BudgetId, int]:
    """By budget, what counts as confirmed by all of its targets."""
    rows = tx.exec(select(LimitStateRow.budget, LimitStateRow.confirmed_version))
    return {BudgetId(budget): version for budget, version in rows}


def overtake(tx: Session, budget: BudgetId, newer: int, now: datetime) -> int | None:
    """
    The target holds a version newer than ours (an old backup?): go past it; the new version.

    None when the newer one is our own: a version that was replaced on its way is answered so.
    """
    held = load(tx, budget, lock=True)
    if held is None or held.version >= newer:
        return None
    _set(tx, budget, version=newer + 1, changed_at=now)
    return newer + 1


def _set(tx: Session, budget: BudgetId, **values: Any) -> None:
    tx.execute(update(LimitStateRow).where(col(LimitStateRow.budget) == budget).values(**values))


def _row_of(state: LimitState) -> dict[str, Any]:
    then = state.then
    return {
        "mode": state.mode.value,
        "limit": state.limit,
        "allocation": state.allocation,
        "first_day": state.period.first_day.isoformat(),
        "starts_at": state.period.starts_at.isoformat(),
        "ends_at": state.period.ends_at.isoformat(),
        "until": state.until.isoformat() if state.until else None,
        "then": {"mode": then.mode.value, "limit": then.limit} if then else None,
        "cause": state.cause.value,
        "request": state.request,
        "approved_by": state.approved_by,
        "grace_until": state.grace_until.isoformat() if state.grace_until else None,
    }


def _held(row: LimitStateRow) -> HeldState:
    body = row.state
    then = body["then"]
    state = LimitState(
        budget=BudgetId(row.budget),
        mode=Mode(body["mode"]),
        limit=Micros(body["limit"]),
        allocation=Micros(body["allocation"]),
        period=Period(
            date.fromisoformat(body["first_day"]),
            datetime.fromisoformat(body["starts_at"]),
            datetime.fromisoformat(body["ends_at"]),
        ),
        until=datetime.fromisoformat(body["until"]) if body["until"] else None,
        then=Fallback(Mode(then["mode"]), Micros(then["limit"])) if then else None,
        cause=Cause(body["cause"]),
        request=body["request"],
        approved_by=body["approved_by"],
        grace_until=datetime.fromisoformat(until) if (until := body.get("grace_until")) else None,
    )
    return HeldState(
        state,
        row.version,
        row.changed_at,
        row.confirmed_version,
        row.confirmed_at,
        row.accepted_version,
    )
