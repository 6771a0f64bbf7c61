"""Alerts that were sent, and what was answered."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import Session, col, select

from bot.domain.alerts import Alert, AlertFigures, AnswerKind
from bot.domain.budgets import AtLimit, BudgetId, Stage
from bot.domain.drivers import Driver, DriverKind
from bot.domain.forecast import Confidence
from bot.domain.money import ZERO, Micros
from bot.domain.policy import Basis
from bot.domain.stages import Reason
from bot.domain.standings import Standing
from store.batches import batches
from store.inserts import insert_once
from store.tables import AlertRow

_MOMENTS = ("runs_out_at", "as_of", "period_ends_at", "answer_by", "lead_ends_at")


@dataclass(frozen=True, slots=True)
class SentAlert:
    """An alert as it was sent; `figures` are the ones that were in the message."""

    id: int
    key: str
    budget: BudgetId
    limit: Micros
    stage: Stage
    owner: str
    fired_at: datetime
    figures: AlertFigures
    answer: AnswerKind | None
    answer_note: str | None
    answered_by: str | None
    answered_at: datetime | None


def sent_stages(tx: Session, budget: BudgetId, first_day: date, limit: Micros) -> frozenset[Stage]:
    """The stages already sent for this period and this effective limit."""
    rows = tx.exec(
        select(AlertRow.stage).where(
            col(AlertRow.budget) == budget,
            col(AlertRow.first_day) == first_day,
            col(AlertRow.limit) == limit,
        )
    )
    return frozenset(Stage(stage) for stage in rows)


def sent_stages_of(
    tx: Session, standings: Collection[Standing]
) -> dict[BudgetId, frozenset[Stage]]:
    """As `sent_stages`, for many budgets at once; those with none are left out."""
    wanted = {s.budget.id: (s.period.first_day, s.limit) for s in standings}
    sent: dict[BudgetId, set[Stage]] = {}
    for some in batches(wanted):
        rows = tx.exec(
            select(AlertRow.budget, AlertRow.first_day, AlertRow.limit, AlertRow.stage).where(  # type: ignore[call-overload]
                col(AlertRow.budget).in_(some or []),
                col(AlertRow.first_day) >= min(day for day, _ in wanted.values()),
            )
        )
        for budget, first_day, limit, stage in rows:
            id_ = BudgetId(budget)
            if wanted[id_] == (first_day, limit):
                sent.setdefault(id_, set()).add(Stage(stage))
    return {budget: frozenset(stages) for budget, stages in sent.items()}


def record(
    tx: Session, alert: Alert, figures: AlertFigures, now: datetime, muted_by: int | None = None
) -> int | None:
    """
    Write down that an alert is sent; its id, or None when another run was first.

    One that is muted is written down all the same: it counts as told, by the alert that said it.
    """
    s = alert.standing
    added = insert_once(
        tx,
        AlertRow,
        key=alert.key,
        budget=s.budget.id,
        first_day=s.period.first_day,
        limit=s.limit,
        stage=int(alert.stage),
        reason=alert.reason,
        owner=s.budget.owner,
        fired_at=now,
        figures=_figures_row(figures),
        muted_by=muted_by,
    )
    if not added:
        return None
    return tx.exec(select(AlertRow.id).where(col(AlertRow.key) == alert.key)).one()


def newest(
    tx: Session, budget: BudgetId, first_day: date, limit: Micros, at_least: Stage
) -> int | None:
    """The id of the newest alert of a budget, for this period and limit, that is as bad or worse."""
    return tx.exec(
        select(AlertRow.id)
        .where(
            col(AlertRow.budget) == budget,
            col(AlertRow.first_day) == first_day,
            col(AlertRow.limit) == limit,
            col(AlertRow.stage) >= int(at_least),
        )
        .order_by(col(AlertRow.id).desc())
        .limit(1)
    ).first()


def load(tx: Session, alert_id: int) -> SentAlert | None:
    row = tx.get(AlertRow, alert_id, populate_existing=True)
    return None if row is None else _sent(row)


def answer(
    tx: Session, alert_id: int, kind: AnswerKind, note: str | None, by: str, now: datetime
) -> bool:
    """Record the first answer; False when somebody answered before."""
    done = tx.execute(
        update(AlertRow)
        .where(col(AlertRow.id) == alert_id, col(AlertRow.answered_at).is_(None))
        .values(answer=kind.value, answer_note=note, answered_by=by, answered_at=now)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def fired_between(tx: Session, starts_at: datetime, ends_at: datetime) -> list[SentAlert]:
    """Those that people got; a muted one was not sent."""
    rows = tx.exec(
        select(AlertRow)
        .where(
            col(AlertRow.fired_at) >= starts_at,
            col(AlertRow.fired_at) < ends_at,
            col(AlertRow.muted_by).is_(None),
        )
        .order_by(col(AlertRow.fired_at), col(AlertRow.id))
    )
    return [_sent(row) for row in rows]


def _sent(row: AlertRow) -> SentAlert:
    if row.id is None:
        raise ValueError("an alert that was never stored")
    return SentAlert(
        id=row.id,
        key=row.key,
        budget=BudgetId(row.budget),
        limit=Micros(row.limit),
        stage=Stage(row.stage),
        owner=row.owner,
        fired_at=row.fired_at,
        figures=_figures(row.figures),
        answer=AnswerKind(row.answer) if row.answer else None,
        answer_note=row.answer_note,
        answered_by=row.answered_by,
        answered_at=row.answered_at,
    )


def _figures_row(f: AlertFigures) -> dict[str, Any]:
    values = asdict(f)
    values |= {
        "stage": int(f.stage),
        "at_limit": f.at_limit.value,
        "basis": f.basis.value,
        "time_zone": f.time_zone.key,
    }
    for name in _MOMENTS:
        values[name] = values[name].isoformat() if values[name] else None
    return values


def _figures(values: Mapping[str, Any]) -> AlertFigures:
    moments = {
        name: datetime.fromisoformat(values[name]) if values.get(name) else None
        for name in _MOMENTS
    }
    read = {
        "stage": Stage(values["stage"]),
        "at_limit": AtLimit(values["at_limit"]),
        "basis": Basis(values["basis"]),
        "time_zone": ZoneInfo(values["time_zone"]),
        "reason": Reason(values.get("reason", Reason.SHARE)),
        "confidence": Confidence(values["confidence"]) if values.get("confidence") else None,
        "driver": _driver(values.get("driver")),
    }
    return AlertFigures(**{"estimated": ZERO, **values, **moments, **read})


def _driver(values: Mapping[str, Any] | None) -> Driver | None:
    return None if values is None else Driver(**{**values, "kind": DriverKind(values["kind"])})


def amend_note(tx: Session, alert_id: int, note: str, by: str) -> bool:
    """Add a word to an answer; only whoever gave the answer can."""
    done = tx.execute(
        update(AlertRow)
        .where(col(AlertRow.id) == alert_id, col(AlertRow.answered_by) == by)
        .values(answer_note=note)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]
