"""Approvals of a request: one for each person."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from bot.domain.money import Micros
from bot.domain.overages import Terms
from store.inserts import insert_once
from store.tables import VoteRow


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's approval, and what of: less, or sooner over, than what was asked for."""

    person: str
    lists: frozenset[str]
    terms: Terms | None = None


def add(tx: Session, request_id: int, given: Vote, now: datetime) -> list[Vote]:
    """Add one person's approval, once; every approval there is, the oldest first."""
    insert_once(
        tx,
        VoteRow,
        request=request_id,
        person=given.person,
        lists={"names": sorted(given.lists)},
        at=now,
        amount=given.terms.amount if given.terms else None,
        ends_at=given.terms.ends_at if given.terms else None,
    )
    return of(tx, request_id)


def of(tx: Session, request_id: int) -> list[Vote]:
    rows = tx.exec(
        select(VoteRow)
        .where(col(VoteRow.request) == request_id)
        .order_by(col(VoteRow.at), col(VoteRow.person))
        .execution_options(populate_existing=True)
    )
    return [Vote(row.person, frozenset(row.lists["names"]), _terms(row)) for row in rows]


def change(tx: Session, request_id: int, given: Vote) -> list[Vote]:
    """Somebody who has approved already now approves of something else."""
    terms = given.terms
    changed = update(VoteRow).where(
        col(VoteRow.request) == request_id, col(VoteRow.person) == given.person
    )
    tx.execute(
        changed.values(
            amount=terms.amount if terms else None, ends_at=terms.ends_at if terms else None
        )
    )
    return of(tx, request_id)


def forget_over(tx: Session, request_id: int, now: datetime) -> None:
    """An approval for a time that is over counts no more; whoever gave it may approve again."""
    over = delete(VoteRow).where(col(VoteRow.request) == request_id, col(VoteRow.ends_at) <= now)
    tx.execute(over)


def withdraw(tx: Session, request_id: int, person: str) -> None:
    """One person's approval, who may not decide any more."""
    own = (col(VoteRow.request) == request_id, col(VoteRow.person) == person)
    tx.execute(delete(VoteRow).where(*own))


def forget(tx: Session, request_id: int) -> None:
    """Approvals of what a request said before it was changed."""
    tx.execute(delete(VoteRow).where(col(VoteRow.request) == request_id))


def _terms(row: VoteRow) -> Terms | None:
    if row.amount is None or row.ends_at is None:
        return None
    return Terms(Micros(row.amount), row.ends_at)
