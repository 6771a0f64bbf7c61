"""What those who decide want to know of the requester first, and what they were told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from store.inserts import insert_once
from store.tables import QuestionRow


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one request; answered once."""

    id: int
    request: int
    asked_by: str
    question: str
    asked_at: datetime
    answered_by: str | None = None
    answer: str | None = None
    answered_at: datetime | None = None


def add(
    tx: Session, request_id: int, asked_by: str, question: str, trigger: str, now: datetime
) -> Question | None:
    """Record a question; None when this trigger made one already (a form that came twice)."""
    added = insert_once(
        tx,
        QuestionRow,
        trigger=trigger,
        request=request_id,
        asked_by=asked_by,
        question=question,
        asked_at=now,
    )
    found = _select(tx, col(QuestionRow.trigger) == trigger)
    return found[0] if added else None


def load(tx: Session, question_id: int) -> Question | None:
    return next(iter(_select(tx, col(QuestionRow.id) == question_id)), None)


def of(tx: Session, request_id: int) -> list[Question]:
    """Every question about a request, the oldest first."""
    return _select(tx, col(QuestionRow.request) == request_id)


def answer(tx: Session, question_id: int, answered_by: str, text: str, now: datetime) -> bool:
    """The answer, once; False when there is one."""
    done = tx.execute(
        update(QuestionRow)
        .where(col(QuestionRow.id) == question_id, col(QuestionRow.answered_at).is_(None))
        .values(answered_by=answered_by, answer=text, answered_at=now)
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _select(tx: Session, *conditions: Any) -> list[Question]:
    query = select(QuestionRow).where(*conditions).order_by(col(QuestionRow.id))
    rows = tx.exec(query.execution_options(populate_existing=True))
    return [Question(**row.model_dump(exclude={"trigger"})) for row in rows]
