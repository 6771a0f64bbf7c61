"""Policies that were in force: which version, and by which rules it attributed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from store.tables import PolicyRow


@dataclass(frozen=True, slots=True)
class AppliedPolicy:
    version: str
    rules: str
    budgets: Mapping[str, str]  # id to name
    applied_at: datetime


def is_newest(tx: Session, version: str, rules: str) -> bool:
    """Whether this was applied last; without reading the names of all its budgets."""
    query = select(PolicyRow.version, PolicyRow.rules).order_by(col(PolicyRow.id).desc()).limit(1)
    return tx.exec(query).first() == (version, rules)


def newest(tx: Session) -> AppliedPolicy | None:
    """The policy that was applied last."""
    row = tx.exec(select(PolicyRow).order_by(col(PolicyRow.id).desc()).limit(1)).first()
    return (
        None if row is None else AppliedPolicy(row.version, row.rules, row.budgets, row.applied_at)
    )


def record(tx: Session, policy: AppliedPolicy) -> None:
    row = PolicyRow(
        version=policy.version,
        rules=policy.rules,
        budgets=dict(policy.budgets),
        applied_at=policy.applied_at,
    )
    tx.add(row)
    tx.flush()
