"""The record read: in pages, so that it need not fit into memory and nobody waits for a reader."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session, col, select

from store.audit import Entry
from store.audit_chain import GENESIS, Chain, Noted, Verdict
from store.audit_keys import Keys
from store.db import Database
from store.tables import AuditHeadRow, AuditRow

AT_ONCE = 1_000


def head(tx: Session) -> tuple[int, str]:
    """The number and the hash of the last row, to be kept where the database cannot change it."""
    row = tx.get(AuditHeadRow, 1, populate_existing=True)
    return (row.seq, row.hash) if row is not None else (0, GENESIS)


def entries(
    db: Database, starts_at: datetime | None = None, ends_at: datetime | None = None
) -> Iterator[Entry]:
    """
    Rows in order, from `starts_at` up to, but not including, `ends_at`, as they are now.

    They never change, so each page is a transaction of its own; what is appended meanwhile is not
    part of it.
    """
    with db.transaction() as tx:
        last, _ = head(tx)
    after = 0
    while after < last:
        with db.transaction() as tx:
            page = _page(tx, after, last, starts_at, ends_at)
        yield from page
        if len(page) < AT_ONCE:
            return
        after = page[-1].seq


def verify(db: Database, noted: Noted | None = None, key: bytes | None = None) -> Verdict:
    """
    Compute the whole chain again, and hold it against the head.

    `key` are other keys than the database's own; `noted` is a head that was written down elsewhere.
    """
    chain = Chain(Keys.of(key or db.audit_key), noted)
    while True:
        with db.transaction() as tx:
            end = head(tx)  # before the page: what is appended in between is on it
            page = _page(tx, chain.rows)
        if not page:
            return chain.finish(*end)
        for entry in page:
            if (verdict := chain.take(entry.content, entry.hash)) is not None:
                return verdict


def _page(
    tx: Session,
    after: int,
    last: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> list[Entry]:
    query = select(AuditRow).where(col(AuditRow.seq) > after)
    if last is not None:
        query = query.where(col(AuditRow.seq) <= last)
    if starts_at is not None:
        query = query.where(col(AuditRow.at) >= starts_at)
    if ends_at is not None:
        query = query.where(col(AuditRow.at) < ends_at)
    rows = tx.exec(query.order_by(col(AuditRow.seq)).limit(AT_ONCE))
    return [Entry(**row.model_dump()) for row in rows]
