"""An overage request and the row that stores it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot.domain.budgets import BudgetId, Funding
from bot.domain.forecast import Confidence
from bot.domain.money import Micros
from bot.domain.overages import Figures, FundedBy, OverageRequest, RequestKind, RequestState
from bot.domain.places import place_of
from store.tables import RequestRow

_MOMENTS = ("runs_out_at", "as_of")


def figures_row(figures: Figures) -> dict[str, Any]:
    """As JSON; read back by `request_of`."""
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


def request_of(row: RequestRow) -> OverageRequest:
    """The request that a row stores."""
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
        kind=RequestKind(row.kind),
        revision=row.revision,
        granted_until=row.granted_until,
        funding=_funding(row.funding),
        alert=row.alert,
        remind_at=row.remind_at,
        reminded=row.reminded,
        decided_in=place_of(row.decided_in),
    )


def funding_row(funding: FundedBy | None) -> dict[str, Any] | None:
    return None if funding is None else {"kind": funding.kind.value, "budget": funding.budget}


def _funding(row: Mapping[str, Any] | None) -> FundedBy | None:
    if row is None:
        return None
    budget = row.get("budget")
    return FundedBy(Funding(row["kind"]), BudgetId(budget) if budget else None)
