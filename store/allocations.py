"""Allocations: every revision of a budget's limit; the newest is in force."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId
from bot.domain.limits import Allocation
from bot.domain.money import Micros
from store import touched
from store.batches import batches
from store.inserts import insert_all_once
from store.tables import AllocationRow

_FEW = 5_000  # named one by one; of more, all are read


def in_force(
    tx: Session, budgets: Collection[BudgetId] | None = None
) -> dict[BudgetId, Allocation]:
    """The newest revision of each of these budgets, or of all."""
    return {b: _allocation(row) for b, row in _newest(tx, budgets).items()}


def revisions(
    tx: Session, budgets: Collection[BudgetId]
) -> dict[BudgetId, list[tuple[datetime, Allocation]]]:
    """Every revision and since when it holds, the first one first; for looking back."""
    found: dict[BudgetId, list[tuple[datetime, Allocation]]] = {}
    for some in batches(budgets):
        rows = tx.exec(
            select(AllocationRow)
            .where(col(AllocationRow.budget).in_(some or []))
            .order_by(col(AllocationRow.budget), col(AllocationRow.revision))
        )
        for row in rows:
            found.setdefault(BudgetId(row.budget), []).append((row.set_at, _allocation(row)))
    return found


def apply_file(
    tx: Session, limits: Mapping[BudgetId, Micros], policy_version: str, now: datetime
) -> list[tuple[Allocation | None, Allocation]]:
    """
    Write a revision for every limit that is new in the policy file; answers (before, after).

    Compared is what the file said when it was last applied, not the allocation in force: a review
    decided in Slack stands until somebody changes the file's value.
    """
    newest = _newest(tx)
    wanted = {
        budget: Allocation(budget, limit, (before.revision if before else 0) + 1)
        for budget, limit in limits.items()
        if (before := newest.get(budget)) is None or before.file_limit != limit
    }
    added = insert_all_once(
        tx,
        AllocationRow,
        [
            {
                "budget": after.budget,
                "revision": after.revision,
                "limit": after.limit,
                "file_limit": after.limit,
                "origin": "file",
                "policy_version": policy_version,
                "set_at": now,
            }
            for after in wanted.values()
        ],
    )
    changes = [
        (_allocation(newest[budget]) if budget in newest else None, after)
        for budget, after in wanted.items()
        if (budget, after.revision) in added
    ]
    touched.note(tx, [after.budget for _, after in changes], limit_changed=True)
    return changes


def _newest(
    tx: Session, budgets: Collection[BudgetId] | None = None
) -> dict[BudgetId, AllocationRow]:
    query = select(AllocationRow).order_by(col(AllocationRow.revision))
    if budgets is not None and len(budgets) <= _FEW:
        query = query.where(col(AllocationRow.budget).in_(list(budgets)))
    return {BudgetId(row.budget): row for row in tx.exec(query)}


def _allocation(row: AllocationRow) -> Allocation:
    return Allocation(BudgetId(row.budget), Micros(row.limit), row.revision)
