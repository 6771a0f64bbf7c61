"""Alerts that were sent, and what was answered."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, true, update
from sqlmodel import Session, col, select

from bot.domain.alerts import Alert, AlertFigures, Answer, Feedback
from bot.domain.budgets import BudgetId, Stage
from bot.domain.escalation import Ladder
from bot.domain.stages import Reason
from store.alert_rows import SentAlert, figures_row, sent_of
from store.inserts import insert_once
from store.ladders import ladder_row
from store.tables import AlertRow


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
        figures=figures_row(figures),
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
            _milder(alert),
            col(AlertRow.replaced_by).is_(None),
        )
        # Due at once: its message has to say by what it is replaced.
        .values(replaced_by=muted_by or alert_id, escalate_at=now)
    )
    return alert_id


def _milder(alert: Alert) -> ColumnElement[bool]:
    """
    A spike is no stage: it replaces none, and no stage below the limit replaces it. What it warned
    of is there when the limit is reached.
    """
    if alert.spike is not None:
        return false()
    return true() if alert.stage is Stage.EXHAUSTED else col(AlertRow.reason) != Reason.SPIKE


def load(tx: Session, alert_id: int, *, lock: bool = False) -> SentAlert | None:
    """An alert; locked, an answer comes before or after, and not between."""
    row = tx.get(AlertRow, alert_id, populate_existing=True, with_for_update=lock or None)
    return None if row is None else sent_of(row)


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


def put_together(tx: Session, alert_ids: Collection[int], bundle: int) -> None:
    """These are one message; `bundle` is the first of them."""
    those = update(AlertRow).where(col(AlertRow.id).in_(alert_ids))
    tx.execute(those.values(bundle=bundle))


def of_bundle(tx: Session, bundle: int) -> list[SentAlert]:
    """The alerts of one message, in its order, as they are now."""
    rows = tx.exec(
        select(AlertRow)
        .where(col(AlertRow.bundle) == bundle)
        .order_by(col(AlertRow.stage).desc(), col(AlertRow.id))
        .execution_options(populate_existing=True)
    )
    return [sent_of(row) for row in rows]


def replaced_by(tx: Session, budget: BudgetId, alert_id: int) -> list[int]:
    """The milder alerts of its budget that this one took the place of."""
    own = (col(AlertRow.budget) == budget, col(AlertRow.replaced_by) == alert_id)
    return [row.id for row in tx.exec(select(AlertRow).where(*own)) if row.id is not None]


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
    return [sent_of(row) for row in rows]


def amend_note(tx: Session, alert_id: int, note: str, by: str) -> bool:
    """Add a word to an answer; only whoever gave the answer can."""
    done = tx.execute(
        update(AlertRow)
        .where(col(AlertRow.id) == alert_id, col(AlertRow.answered_by) == by)
        .values(answer_note=note)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]
