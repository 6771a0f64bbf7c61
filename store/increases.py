"""Increase requests of members of a Claude Enterprise organization: found once, decided once."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId, Stage
from bot.domain.increases import FallsOn, Increase, IncreaseFigures, IncreaseState, Member
from bot.domain.money import Micros
from bot.domain.places import Place, place_of
from store.batches import batches
from store.inserts import insert_once
from store.tables import IncreaseRow

PENDING = IncreaseState.PENDING.value
DECIDED = (IncreaseState.APPROVED.value, IncreaseState.DENIED.value)


def add(
    tx: Session,
    request: str,
    member: Member,
    period: str,
    asked_at: datetime,
    figures: IncreaseFigures,
) -> Increase | None:
    """Remember a request that was found; None when it was known, by another replica perhaps."""
    added = insert_once(
        tx,
        IncreaseRow,
        request=request,
        member=asdict(member),
        period=period,
        asked_at=asked_at,
        found_at=figures.seen_at,
        figures=_figures_row(figures),
        state=PENDING,
    )
    if not added:
        return None
    return find(tx, request)


def load(tx: Session, increase_id: int, *, lock: bool = False) -> Increase | None:
    """As it is now; with `lock`, nobody else changes it before this transaction ends."""
    return next(iter(_select(tx, col(IncreaseRow.id) == increase_id, lock=lock)), None)


def known(tx: Session, requests: Collection[str]) -> set[str]:
    """Which of these ids of Anthropic's were found before."""
    found: set[str] = set()
    for some in batches(requests):
        query = select(IncreaseRow.request).where(col(IncreaseRow.request).in_(some or []))
        found |= set(tx.exec(query))
    return found


def unsettled(tx: Session) -> list[Increase]:
    """What waits for a decision, and what was decided and refused by Anthropic; the oldest first."""
    refused = col(IncreaseRow.refused).is_not(None) & col(IncreaseRow.state).in_(DECIDED)
    return _select(tx, or_(col(IncreaseRow.state) == PENDING, refused))


def find(tx: Session, request: str, *, lock: bool = False) -> Increase | None:
    """By Anthropic's id."""
    return next(iter(_select(tx, col(IncreaseRow.request) == request, lock=lock)), None)


def look_again(tx: Session, increase_id: int, figures: IncreaseFigures) -> None:
    """The figures as they are now, for as long as nobody has decided on them."""
    _change(tx, increase_id, (PENDING,), figures=_figures_row(figures))


def pending(tx: Session) -> list[Increase]:
    """What waits for a decision, the oldest first."""
    return _select(tx, col(IncreaseRow.state) == PENDING)


def decided_between(tx: Session, starts_at: datetime, ends_at: datetime) -> list[Increase]:
    """What got its outcome in a time, here or elsewhere."""
    at = col(IncreaseRow.decided_at)
    return _select(tx, at >= starts_at, at < ends_at)


def decide(
    tx: Session,
    increase_id: int,
    outcome: IncreaseState,
    decided_by: str,
    granted: Micros | None,
    reason: str | None,
    now: datetime,
    decided_in: Place | None = None,
) -> bool:
    """The one place where a request is decided here: compare and set, whoever comes first."""
    return _change(
        tx,
        increase_id,
        (PENDING,),
        state=outcome.value,
        decided_at=now,
        decided_by=decided_by,
        decided_in=decided_in.as_row if decided_in else None,
        granted=granted,
        reason=reason,
    )


def confirm(tx: Session, increase_id: int, now: datetime) -> bool:
    """Anthropic holds what was decided here; False when that was known, or it was not decided."""
    values = {"confirmed_at": now, "refused": None, "failing_since": None}
    unconfirmed = col(IncreaseRow.confirmed_at).is_(None)
    return _change(tx, increase_id, DECIDED, unconfirmed, **values)


def refuse(tx: Session, increase_id: int, why: str) -> bool:
    """Anthropic will not carry out what was decided here, as long as nobody changes something."""
    unconfirmed = col(IncreaseRow.confirmed_at).is_(None)
    return _change(tx, increase_id, DECIDED, unconfirmed, refused=why, failing_since=None)


def fail(tx: Session, increase_id: int, now: datetime) -> None:
    """It could not be carried out just now; since when, is remembered."""
    first = col(IncreaseRow.failing_since).is_(None)
    _change(tx, increase_id, DECIDED, first, failing_since=now, refused=None)


def close(tx: Session, increase_id: int, outcome: IncreaseState, said: str, now: datetime) -> bool:
    """
    It is over without us: decided elsewhere, or gone. What was decided here stays on record.

    False when it was confirmed, or closed before.
    """
    row = tx.get(IncreaseRow, increase_id)
    decided_at = row.decided_at if row is not None and row.decided_at else now
    unconfirmed = col(IncreaseRow.confirmed_at).is_(None)
    values = {"elsewhere": said, "decided_at": decided_at, "refused": None, "failing_since": None}
    states = (PENDING, *DECIDED)
    return _change(tx, increase_id, states, unconfirmed, state=outcome.value, **values)


def _change(
    tx: Session, increase_id: int, states: Collection[str], *conditions: Any, **values: Any
) -> bool:
    done = tx.execute(
        update(IncreaseRow)
        .where(col(IncreaseRow.id) == increase_id, col(IncreaseRow.state).in_(states), *conditions)
        .values(**values)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _select(tx: Session, *conditions: Any, lock: bool = False) -> list[Increase]:
    query = select(IncreaseRow).where(*conditions).order_by(col(IncreaseRow.id))
    if lock:
        query = query.with_for_update()
    rows = tx.exec(query.execution_options(populate_existing=True))
    return [_increase(row) for row in rows]


def _increase(row: IncreaseRow) -> Increase:
    if row.id is None:
        raise ValueError("a request that was never stored")
    return Increase(
        id=row.id,
        request=row.request,
        member=Member(**row.member),
        period=row.period,
        asked_at=row.asked_at,
        figures=_figures(row.figures),
        state=IncreaseState(row.state),
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        decided_in=place_of(row.decided_in),
        reason=row.reason,
        granted=None if row.granted is None else Micros(row.granted),
        confirmed_at=row.confirmed_at,
        failing_since=row.failing_since,
        refused=row.refused,
        elsewhere=row.elsewhere,
    )


def _figures_row(figures: IncreaseFigures) -> dict[str, Any]:
    return {**asdict(figures), "seen_at": figures.seen_at.isoformat()}


def _figures(row: dict[str, Any]) -> IncreaseFigures:
    budgets = tuple(
        FallsOn(
            **{
                **one,
                "budget": BudgetId(one["budget"]),
                "stage": None if one["stage"] is None else Stage(one["stage"]),
            }
        )
        for one in row["budgets"]
    )
    seen_at = datetime.fromisoformat(row["seen_at"])
    return IncreaseFigures(**{**row, "seen_at": seen_at, "budgets": budgets})
