"""Alerts that were sent, and what was answered."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, func, or_, update
from sqlmodel import Session, col, select

from bot.domain.alerts import Alert, AlertFigures, Answer, AnswerKind, Feedback
from bot.domain.budgets import AtLimit, BudgetId, Stage
from bot.domain.drivers import Driver, DriverKind
from bot.domain.escalation import Ladder, Step
from bot.domain.forecast import Confidence
from bot.domain.money import ZERO, Micros
from bot.domain.policy import Basis
from bot.domain.stages import Reason
from bot.domain.standings import Standing
from store.batches import batches
from store.inserts import insert_once
from store.ladders import ladder_of, ladder_row
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
    first_day: date
    answer: Answer | None  # the last one; its term may be over
    first_answered_at: datetime | None
    feedback: Feedback | None
    feedback_by: str | None
    muted_by: int | None
    replaced_by: int | None  # a worse stage's alert
    ladder: Ladder | None
    escalated: Step  # how far, since the ladder last began
    furthest: Step
    round: int  # how often an answer's term was over
    escalate_at: datetime | None  # something is due then

    def is_open(self, now: datetime) -> bool:
        """Whether it waits for an answer: none holds, and no worse stage has replaced it."""
        term = self.answer.until if self.answer else None
        answered = self.answer is not None and (term is None or now < term)
        return not answered and self.replaced_by is None


def sent_stages(tx: Session, budget: BudgetId, first_day: date, limit: Micros) -> frozenset[Stage]:
    """The stages already sent for this period and this effective limit; a spike is none."""
    rows = tx.exec(
        select(AlertRow.stage).where(
            col(AlertRow.budget) == budget,
            col(AlertRow.first_day) == first_day,
            col(AlertRow.limit) == limit,
            col(AlertRow.reason) != Reason.SPIKE,
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
                col(AlertRow.reason) != Reason.SPIKE,
            )
        )
        for budget, first_day, limit, stage in rows:
            id_ = BudgetId(budget)
            if wanted[id_] == (first_day, limit):
                sent.setdefault(id_, set()).add(Stage(stage))
    return {budget: frozenset(stages) for budget, stages in sent.items()}


def record(
    tx: Session,
    alert: Alert,
    figures: AlertFigures,
    now: datetime,
    muted_by: int | None = None,
    ladder: Ladder | None = None,
) -> int | None:
    """
    Write down that an alert is sent; its id, or None when another run was first.

    One that is muted is written down all the same: it counts as told, by the alert that said it.
    `ladder` is who is told when nobody answers; milder stages of the same period and limit are
    replaced by this one, whoever answered them.
    """
    s = alert.standing
    asks = muted_by is None and ladder is not None and figures.answer_by < figures.period_ends_at
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
        ladder=ladder_row(ladder),
        escalated=0,
        furthest=0,
        round=0,
        escalate_at=figures.answer_by if asks else None,
    )
    if not added:
        return None
    alert_id = tx.exec(select(AlertRow.id).where(col(AlertRow.key) == alert.key)).one()
    tx.execute(
        update(AlertRow)
        .where(
            col(AlertRow.budget) == s.budget.id,
            col(AlertRow.first_day) == s.period.first_day,
            col(AlertRow.limit) == s.limit,
            col(AlertRow.stage) < int(alert.stage),
            col(AlertRow.reason) != Reason.SPIKE if alert.spike is None else false(),
            col(AlertRow.replaced_by).is_(None),
        )
        # Due at once: its message has to say by what it is replaced.
        .values(replaced_by=muted_by or alert_id, escalate_at=now)
    )
    return alert_id


def spike_told(tx: Session, key: str) -> Stage | None:
    """How bad the spike with this key was when it was told; None: it was not."""
    stage = tx.exec(select(AlertRow.stage).where(col(AlertRow.key) == key)).first()
    return None if stage is None else Stage(stage)


def newest_spike(
    tx: Session, budgets: Collection[BudgetId], owner: str, since: datetime
) -> int | None:
    """The newest spike that was told to this owner of one of these budgets."""
    found: list[int] = []
    for some in batches(budgets):
        rows = tx.exec(
            select(AlertRow.id).where(
                col(AlertRow.budget).in_(some or []),
                col(AlertRow.reason) == Reason.SPIKE,
                col(AlertRow.owner) == owner,
                col(AlertRow.fired_at) >= since,
                col(AlertRow.muted_by).is_(None),
            )
        )
        found += [id_ for id_ in rows if id_ is not None]
    return max(found, default=None)


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
            col(AlertRow.reason) != Reason.SPIKE,
        )
        .order_by(col(AlertRow.id).desc())
        .limit(1)
    ).first()


def load(tx: Session, alert_id: int, *, lock: bool = False) -> SentAlert | None:
    """An alert; locked, an answer comes before or after, and not between."""
    row = tx.get(AlertRow, alert_id, populate_existing=True, with_for_update=lock or None)
    return None if row is None else _sent(row)


def answer(
    tx: Session, alert_id: int, said: Answer, escalate_at: datetime | None, now: datetime
) -> bool:
    """
    Record an answer; False when one holds already, or a worse stage has replaced the alert.

    `escalate_at` is when the answer's term is over and the ladder begins again.
    """
    done = tx.execute(
        update(AlertRow)
        .where(
            col(AlertRow.id) == alert_id,
            col(AlertRow.replaced_by).is_(None),
            or_(col(AlertRow.answered_at).is_(None), _term_is_over(now)),
        )
        .values(
            answer=said.kind.value,
            answer_note=said.note,
            answered_by=said.by,
            answered_at=said.at,
            answer_until=said.until,
            first_answered_at=func.coalesce(col(AlertRow.first_answered_at), said.at),
            escalate_at=escalate_at,
        )
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _term_is_over(now: datetime) -> ColumnElement[bool]:
    """As the database sees it: an answer without a term holds."""
    return and_(col(AlertRow.answer_until).is_not(None), col(AlertRow.answer_until) <= now)


def judge(tx: Session, alert_id: int, feedback: Feedback, by: str, now: datetime) -> bool:
    """Record whether an alert was worth it; False when somebody said so before."""
    done = tx.execute(
        update(AlertRow)
        .where(col(AlertRow.id) == alert_id, col(AlertRow.feedback).is_(None))
        .values(feedback=feedback.value, feedback_by=by, feedback_at=now)
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
        first_day=row.first_day,
        answer=_answer(row),
        first_answered_at=row.first_answered_at,
        feedback=Feedback(row.feedback) if row.feedback else None,
        feedback_by=row.feedback_by,
        muted_by=row.muted_by,
        replaced_by=row.replaced_by,
        ladder=ladder_of(row.ladder),
        escalated=Step(row.escalated),
        furthest=Step(row.furthest),
        round=row.round,
        escalate_at=row.escalate_at,
    )


def _answer(row: AlertRow) -> Answer | None:
    if row.answer is None or row.answered_by is None or row.answered_at is None:
        return None
    return Answer(
        AnswerKind(row.answer),
        row.answered_by,
        row.answered_at,
        row.answer_note,
        row.answer_until,
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
