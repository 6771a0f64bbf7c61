"""Overage requests: recorded once, decided once."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId
from bot.domain.forecast import Confidence
from bot.domain.money import ZERO, Micros
from bot.domain.overages import Draft, Figures, OverageRequest, RequestState
from store.inserts import insert_once
from store.tables import RequestRow, VoteRow

_MOMENTS = ("runs_out_at", "as_of")


def add(tx: Session, draft: Draft, trigger: str, now: datetime) -> OverageRequest | None:
    """Record a request; None when this trigger made one already (a replayed click)."""
    added = insert_once(
        tx,
        RequestRow,
        trigger=trigger,
        budget=draft.budget,
        requester=draft.requester,
        amount=draft.amount,
        reason=draft.reason,
        ends_at=draft.ends_at,
        lists={"names": list(draft.lists), "both": draft.both},
        state=RequestState.PENDING.value,
        asked_at=now,
        expires_at=draft.expires_at,
        figures=_figures_row(draft.figures),
        granted=ZERO,
    )
    return by_trigger(tx, trigger) if added else None


def load(tx: Session, request_id: int, *, lock: bool = False) -> OverageRequest | None:
    """A request as it is now; with `lock`, nobody else changes it before this transaction ends."""
    query = select(RequestRow).where(col(RequestRow.id) == request_id)
    if lock:
        query = query.with_for_update()
    row = tx.exec(query.execution_options(populate_existing=True)).first()
    return None if row is None else _request(row)


def by_trigger(tx: Session, trigger: str) -> OverageRequest | None:
    """The request that a view or command made, if it made one."""
    row = tx.exec(select(RequestRow).where(col(RequestRow.trigger) == trigger)).first()
    return None if row is None else _request(row)


def vote(
    tx: Session, request_id: int, person: str, lists: frozenset[str], now: datetime
) -> list[tuple[str, frozenset[str]]]:
    """Add one person's approval, once; every approval there is, the oldest first."""
    insert_once(
        tx,
        VoteRow,
        request=request_id,
        person=person,
        lists={"names": sorted(lists)},
        at=now,
    )
    rows = tx.exec(
        select(VoteRow)
        .where(col(VoteRow.request) == request_id)
        .order_by(col(VoteRow.at), col(VoteRow.person))
    )
    return [(row.person, frozenset(row.lists["names"])) for row in rows]


def votes(tx: Session, request_id: int) -> list[str]:
    rows = tx.exec(
        select(VoteRow.person)
        .where(col(VoteRow.request) == request_id)
        .order_by(col(VoteRow.at), col(VoteRow.person))
    )
    return list(rows)


def settle(
    tx: Session,
    request_id: int,
    outcome: RequestState,
    decided_by: tuple[str, ...],
    reason: str | None,
    granted: Micros,
    figures: Figures,
    now: datetime,
) -> bool:
    """
    The one place where a request gets its outcome: compare and set, whoever comes first.

    An approval or denial needs the request to be in time; its expiry needs it to be late. False
    means that somebody, or the expiry, was first.
    """
    late = outcome is RequestState.EXPIRED
    in_time = col(RequestRow.expires_at) <= now if late else col(RequestRow.expires_at) > now
    done = tx.execute(
        update(RequestRow)
        .where(
            col(RequestRow.id) == request_id,
            col(RequestRow.state) == RequestState.PENDING.value,
            in_time,
        )
        .values(
            state=outcome.value,
            decided_at=now,
            decided_by={"people": list(decided_by)},
            decision_reason=reason,
            decision_figures=_figures_row(figures),
            granted=granted,
        )
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def overdue(tx: Session, now: datetime) -> list[OverageRequest]:
    """Requests nobody decided in time and that nobody has told so yet."""
    return _select(
        tx, col(RequestRow.state) == RequestState.PENDING.value, col(RequestRow.expires_at) <= now
    )


def open_requests(tx: Session) -> list[OverageRequest]:
    return _select(tx, col(RequestRow.state) == RequestState.PENDING.value)


def decided_between(tx: Session, starts_at: datetime, ends_at: datetime) -> list[OverageRequest]:
    return _select(
        tx, col(RequestRow.decided_at) >= starts_at, col(RequestRow.decided_at) < ends_at
    )


def _select(tx: Session, *conditions: Any) -> list[OverageRequest]:
    rows = tx.exec(select(RequestRow).where(*conditions).order_by(col(RequestRow.id)))
    return [_request(row) for row in rows]


def _figures_row(figures: Figures) -> dict[str, Any]:
    values = asdict(figures)
    for name in _MOMENTS:
        values[name] = values[name].isoformat() if values[name] else None
    return values


def _figures(values: Mapping[str, Any]) -> Figures:
    moments = {
        name: datetime.fromisoformat(values[name]) if values[name] else None for name in _MOMENTS
    }
    known = values.get("confidence")
    confidence = Confidence(known) if known else None
    return Figures(**{**values, **moments, "confidence": confidence})


def _request(row: RequestRow) -> OverageRequest:
    if row.id is None:
        raise ValueError("a request that was never stored")
    return OverageRequest(
        id=row.id,
        budget=BudgetId(row.budget),
        requester=row.requester,
        amount=Micros(row.amount),
        reason=row.reason,
        ends_at=row.ends_at,
        lists=tuple(row.lists["names"]),
        both=row.lists["both"],
        state=RequestState(row.state),
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        figures=_figures(row.figures),
        decided_at=row.decided_at,
        decided_by=tuple((row.decided_by or {}).get("people", ())),
        decision_reason=row.decision_reason,
        granted=Micros(row.granted),
        decision_figures=_figures(row.decision_figures) if row.decision_figures else None,
    )
