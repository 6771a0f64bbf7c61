"""Overage requests: recorded once, decided once."""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId
from bot.domain.money import ZERO
from bot.domain.overages import (
    Draft,
    Figures,
    FundedBy,
    OverageRequest,
    RequestKind,
    RequestState,
    Terms,
)
from bot.domain.places import Place
from store import votes
from store.inserts import insert_once
from store.request_rows import figures_row, funding_row, request_of
from store.tables import RequestRow


def add(
    tx: Session,
    draft: Draft,
    trigger: str,
    remind_at: datetime | None,
    now: datetime,
    *,
    kind: RequestKind = RequestKind.OVERAGE,
) -> OverageRequest | None:
    """
    Record a request; None when this trigger made one already (a replayed click), or when the
    requester has an open one for this budget: `open_of` tells which. Break-glass is never open.
    """
    added = insert_once(
        tx,
        RequestRow,
        trigger=trigger,
        kind=kind.value,
        slot=_slot(draft.budget, draft.requester) if kind is RequestKind.OVERAGE else None,
        revision=1,
        funding=funding_row(draft.funding),
        alert=draft.alert,
        remind_at=remind_at,
        reminded=0,
        budget=draft.budget,
        requester=draft.requester,
        amount=draft.amount,
        reason=draft.reason,
        ends_at=draft.ends_at,
        lists={"names": list(draft.lists), "both": draft.both},
        state=RequestState.PENDING.value,
        asked_at=now,
        expires_at=draft.expires_at,
        figures=figures_row(draft.figures),
        granted=ZERO,
    )
    return by_trigger(tx, trigger) if added else None


def load(tx: Session, request_id: int, *, lock: bool = False) -> OverageRequest | None:
    """A request as it is now; with `lock`, nobody else changes it before this transaction ends."""
    query = select(RequestRow).where(col(RequestRow.id) == request_id)
    if lock:
        query = query.with_for_update()
    row = tx.exec(query.execution_options(populate_existing=True)).first()
    return None if row is None else request_of(row)


def by_trigger(tx: Session, trigger: str) -> OverageRequest | None:
    """The request that a view or command made, if it made one."""
    row = tx.exec(select(RequestRow).where(col(RequestRow.trigger) == trigger)).first()
    return None if row is None else request_of(row)


def open_of(tx: Session, budget: BudgetId, requester: str) -> OverageRequest | None:
    """The one open request somebody has for a budget."""
    slot = _slot(budget, requester)
    row = tx.exec(select(RequestRow).where(col(RequestRow.slot) == slot)).first()
    return None if row is None else request_of(row)


def amend(tx: Session, request: OverageRequest, draft: Draft, remind_at: datetime | None) -> bool:
    """
    Change an open request; approvals given so far are void, because they were for something else.

    False when it is not open any more, or was changed meanwhile.
    """
    done = tx.execute(
        update(RequestRow)
        .where(
            col(RequestRow.id) == request.id,
            col(RequestRow.state) == RequestState.PENDING.value,
            col(RequestRow.revision) == request.revision,
        )
        .values(
            amount=draft.amount,
            reason=draft.reason,
            ends_at=draft.ends_at,
            expires_at=draft.expires_at,
            lists={"names": list(draft.lists), "both": draft.both},
            figures=figures_row(draft.figures),
            funding=funding_row(draft.funding),
            revision=request.revision + 1,
            remind_at=remind_at,
            reminded=0,
        )
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return False
    votes.forget(tx, request.id)
    return True


def fund(tx: Session, request_id: int, funding: FundedBy | None) -> None:
    """Where the dollars come from, as whoever decides has chosen; while the row is locked."""
    chosen = update(RequestRow).where(col(RequestRow.id) == request_id)
    tx.execute(chosen.values(funding=funding_row(funding)))


def settle(
    tx: Session,
    request_id: int,
    outcome: RequestState,
    decided_by: tuple[str, ...],
    reason: str | None,
    granted: Terms | None,
    figures: Figures,
    now: datetime,
    decided_in: Place | None = None,
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
            decision_figures=figures_row(figures),
            granted=granted.amount if granted else ZERO,
            granted_until=granted.ends_at if granted else None,
            decided_in=decided_in.as_row if decided_in else None,
            slot=None,
            remind_at=None,
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


def due_for_reminder(tx: Session, now: datetime) -> list[int]:
    """Open requests whose next reminder is due."""
    rows = tx.exec(
        select(RequestRow.id)
        .where(
            col(RequestRow.state) == RequestState.PENDING.value,
            col(RequestRow.remind_at) <= now,
            col(RequestRow.expires_at) > now,
        )
        .order_by(col(RequestRow.id))
    )
    return [id_ for id_ in rows if id_ is not None]


def note_reminder(tx: Session, request: OverageRequest, then: datetime | None) -> None:
    """One more was sent; when the next is due. While the row is locked."""
    sent = update(RequestRow).where(col(RequestRow.id) == request.id)
    tx.execute(sent.values(reminded=request.reminded + 1, remind_at=then))


def _slot(budget: str, requester: str) -> str:
    """Taken while a request is open; the database gives it once."""
    return f"{budget}:{requester}"


def _select(tx: Session, *conditions: Any) -> list[OverageRequest]:
    rows = tx.exec(select(RequestRow).where(*conditions).order_by(col(RequestRow.id)))
    return [request_of(row) for row in rows]
