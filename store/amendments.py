"""What a request said before its requester changed it: the record is where that is kept."""

from datetime import datetime

from sqlmodel import Session, col, select

from bot.domain.money import Micros
from bot.domain.overages import OverageRequest, Terms
from bot.domain.terms import Changed
from store.tables import AuditRow

AMENDED = "request.amended"


def last(tx: Session, request: OverageRequest) -> Changed | None:
    """The last change that was committed; None when it never was changed."""
    if request.revision == 1:
        return None
    row = tx.exec(
        select(AuditRow)
        .where(
            col(AuditRow.kind) == AMENDED,
            col(AuditRow.data)["request"].as_integer() == request.id,
        )
        .order_by(col(AuditRow.seq).desc())  # from the end, where it is near
        .limit(1)
    ).first()
    if row is None:
        return None
    before = row.data["before"]
    terms = Terms(Micros(before["amount"]), datetime.fromisoformat(before["until"]))
    return Changed(row.at, terms)
