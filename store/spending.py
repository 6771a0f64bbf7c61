"""
What budgets have spent since the start of a period: a sum over the ledger, and a memo of it.

The memo is worked out again for every budget whose charges have changed, before it is used; nothing
is ever added to it, so it cannot drift.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, case, cast, delete, func, insert
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from bot.domain.policy import Basis
from store.batches import batches
from store.tables import ChargeRow, SpendRow

FED_FOR = timedelta(days=7)  # a source that has been silent for longer feeds a budget no more
_MARK = ""  # the source of the row that says: this budget was worked out


@dataclass(frozen=True, slots=True)
class Sums:
    """Own charges of one source; the estimated part is in the sums, too."""

    net: int = 0
    list: int = 0
    estimated_net: int = 0
    estimated_list: int = 0

    def amount(self, basis: Basis) -> int:
        return self.net if basis is Basis.NET else self.list

    def estimated(self, basis: Basis) -> int:
        return self.estimated_net if basis is Basis.NET else self.estimated_list


Own = Mapping[str, Mapping[str, Sums]]
"""By budget and source. A source with nothing in it has fed the budget shortly before."""


def of(
    tx: Session,
    starts_at: datetime,
    now: datetime,
    budgets: Collection[str] | None,
    changed: Collection[str],
) -> Own:
    """
    Own charges from `starts_at` to `now`, of some budgets or of all (None).

    The memo is used where it stands; what has `changed` since, or was worked out later than `now`,
    is summed from the ledger.
    """
    known, later = _recall(tx, starts_at, now, budgets)
    if budgets is None and not known:
        # Whoever has no memo yet is not known by name: then everything is summed.
        return _begun(tx, starts_at, now, None)[0]
    # What changed may have no charges left, so its memo must not show through.
    own = {budget: sums for budget, sums in known.items() if budget not in changed}
    missing = later | set(changed) if budgets is None else set(budgets) - own.keys()
    return {**own, **_begun(tx, starts_at, now, missing)[0]}


def work_out(
    tx: Session,
    starts_at: datetime,
    now: datetime,
    budgets: Collection[str] | None,
    changed: Collection[str],
) -> frozenset[str]:
    """
    Bring the memo of a period up to date for these budgets, and for whatever else was charged.

    `budgets` None: every budget is known to have one, so that only what changed is looked for.

    Returns those with charges that begin after `now`, such as pushed ones of a clock that is ahead:
    whoever calls has to look at them again.
    """
    missing, everything = set(changed), False
    if budgets is not None:
        marked = select(SpendRow.budget).where(
            col(SpendRow.starts_at) == starts_at, col(SpendRow.source) == _MARK
        )
        known = set(tx.exec(marked))
        missing |= set(budgets) - known
        missing |= set(tx.exec(marked.where(col(SpendRow.worked_out_at) > now)))
        everything = len(missing) > len(known)
    if not missing:
        return frozenset()
    own, ahead = _begun(tx, starts_at, now, None if everything else missing)
    _remember(tx, starts_at, missing | own.keys(), own, now)
    return ahead


def totals(tx: Session, starts_at: datetime, basis: Basis) -> dict[str, int]:
    """Each budget's own spend as the memo has it; one that has spent nothing may be missing."""
    table = SpendRow.__table__  # type: ignore[attr-defined]
    amount = table.c.net if basis is Basis.NET else table.c.list
    query = sql_select(table.c.budget, amount).where(
        table.c.starts_at == starts_at, table.c.source != _MARK
    )
    found: dict[str, int] = {}
    # Added up here: most budgets have one source, and the database would sort for the others.
    for budget, spent in tx.connection().execute(query):
        found[budget] = found.get(budget, 0) + spent
    return found


def is_ahead(tx: Session, now: datetime) -> bool:
    """Whether something was worked out later than `now`: the clock was set back."""
    later = select(SpendRow.budget).where(col(SpendRow.worked_out_at) > now).limit(1)
    return tx.exec(later).first() is not None


def forget_others(tx: Session, current: Collection[datetime]) -> None:
    """The memo of periods that are over; the ledger keeps them."""
    tx.execute(delete(SpendRow).where(col(SpendRow.starts_at).not_in(list(current))))


def _begun(
    tx: Session, starts_at: datetime, now: datetime, budgets: Collection[str] | None
) -> tuple[dict[str, dict[str, Sums]], frozenset[str]]:
    """Charges that have begun, summed from the ledger; and who has charges that have not."""
    own: dict[str, dict[str, Sums]] = {}
    ahead: set[str] = set()
    for some in batches(budgets):
        for budget, source, last, *amounts in tx.execute(_query(starts_at, now, some)):
            own.setdefault(budget, {})[source] = Sums(*amounts)
            if last > now:
                ahead.add(budget)
    return own, frozenset(ahead)


def _query(starts_at: datetime, now: datetime, budgets: Sequence[str] | None) -> Any:
    begins = col(ChargeRow.starts_at)
    within = (begins >= starts_at) & (begins <= now)
    estimated = within & col(ChargeRow.estimated)
    query = select(  # type: ignore[call-overload]
        ChargeRow.budget,
        ChargeRow.source,
        func.max(begins),
        _sum(case((within, col(ChargeRow.net)), else_=0)),
        _sum(case((within, col(ChargeRow.list)), else_=0)),
        _sum(case((estimated, col(ChargeRow.net)), else_=0)),
        _sum(case((estimated, col(ChargeRow.list)), else_=0)),
    ).where(begins >= starts_at - FED_FOR)
    if budgets is not None:
        query = query.where(col(ChargeRow.budget).in_(budgets))
    return query.group_by(col(ChargeRow.budget), col(ChargeRow.source))


def _recall(
    tx: Session, starts_at: datetime, now: datetime, budgets: Collection[str] | None
) -> tuple[Own, frozenset[str]]:
    """The memo; and who has one that was worked out later than `now`."""
    own: dict[str, dict[str, Sums]] = {}
    later: set[str] = set()
    for some in batches(budgets):
        query = select(
            SpendRow.budget,
            SpendRow.source,
            SpendRow.worked_out_at,
            SpendRow.net,
            SpendRow.list,
            SpendRow.estimated_net,
            SpendRow.estimated_list,
        ).where(col(SpendRow.starts_at) == starts_at)  # type: ignore[call-overload]
        if some is not None:
            query = query.where(col(SpendRow.budget).in_(some))
        for budget, source, worked_out_at, *amounts in tx.execute(query):
            if worked_out_at > now:
                later.add(budget)
                continue
            sources = own.setdefault(budget, {})
            if source != _MARK:
                sources[source] = Sums(*amounts)
    return own, frozenset(later)


def _remember(
    tx: Session, starts_at: datetime, budgets: Collection[str], own: Own, now: datetime
) -> None:
    table = SpendRow.__table__  # type: ignore[attr-defined]
    for some in batches(budgets):
        tx.execute(
            delete(SpendRow).where(
                col(SpendRow.starts_at) == starts_at, col(SpendRow.budget).in_(some or [])
            )
        )
        rows = [
            {
                "starts_at": starts_at,
                "budget": budget,
                "source": source,
                "net": sums.net,
                "list": sums.list,
                "estimated_net": sums.estimated_net,
                "estimated_list": sums.estimated_list,
                "worked_out_at": now,
            }
            for budget in some or []
            for source, sums in {_MARK: Sums(), **own.get(budget, {})}.items()
        ]
        tx.connection().execute(insert(table), rows)


def _sum(amount: Any) -> Any:
    """Whole micro-dollars on both: PostgreSQL's sum of bigints is a numeric."""
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)
