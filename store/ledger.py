"""The ledger: charges by hour. Spend is always a sum over it, never a counter."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert
from sqlmodel import Session, col, select

from bot.domain.attribution import Charge
from bot.domain.money import Micros
from bot.domain.policy import Basis
from bot.domain.usage import Window
from store.tables import ChargeRow


def replace(tx: Session, source: str, window: Window, charges: Sequence[Charge]) -> None:
    """
    Make the window say what the source says now.

    Late and revised figures heal themselves, and a repeated poll changes nothing. A charge from
    outside the window would be counted again by the next poll, so it is refused.
    """
    if any(not window.starts_at <= c.row.starts_at < window.ends_at for c in charges):
        raise ValueError("a charge lies outside the window that is replaced")
    tx.execute(
        delete(ChargeRow).where(
            col(ChargeRow.source) == source,
            col(ChargeRow.starts_at) >= window.starts_at,
            col(ChargeRow.starts_at) < window.ends_at,
        )
    )
    if charges:
        _insert(tx, source, charges)


def add(tx: Session, source: str, charges: Sequence[Charge]) -> None:
    """Charges that stand for themselves, such as pushed rows; whoever adds them adds them once."""
    if charges:
        _insert(tx, source, charges)


def spend(
    tx: Session, starts_at: datetime, ends_at: datetime, basis: Basis
) -> Mapping[str, Micros]:
    """Spend of each budget, its own charges only, in a half-open interval."""
    amount = _amount(basis)
    rows = tx.exec(
        select(ChargeRow.budget, func.sum(amount))
        .where(col(ChargeRow.starts_at) >= starts_at, col(ChargeRow.starts_at) < ends_at)
        .group_by(col(ChargeRow.budget))
    )
    # The sum of bigints is a Decimal from PostgreSQL and an int from SQLite.
    return {budget: Micros(int(total or 0)) for budget, total in rows}


def first_charge_at(tx: Session) -> datetime | None:
    """Where the history begins."""
    return tx.exec(select(func.min(ChargeRow.starts_at))).one()


def top_models(
    tx: Session,
    budgets: Collection[str],
    starts_at: datetime,
    ends_at: datetime,
    basis: Basis,
    limit: int = 3,
) -> list[tuple[str, Micros]]:
    """What the budgets spend most on."""
    total = func.sum(_amount(basis))
    rows = tx.exec(
        select(ChargeRow.model, total)
        .where(
            col(ChargeRow.budget).in_(list(budgets)),
            col(ChargeRow.starts_at) >= starts_at,
            col(ChargeRow.starts_at) < ends_at,
        )
        .group_by(col(ChargeRow.model))
        .order_by(total.desc(), col(ChargeRow.model))
        .limit(limit)
    )
    return [(model or "other", Micros(int(amount or 0))) for model, amount in rows]


def _insert(tx: Session, source: str, charges: Sequence[Charge]) -> None:
    """By the connection: the session would look at every row once more."""
    table = ChargeRow.__table__  # type: ignore[attr-defined]
    tx.connection().execute(insert(table), [_row(source, charge) for charge in charges])


def _amount(basis: Basis) -> int:
    return ChargeRow.net if basis is Basis.NET else ChargeRow.list


def _row(source: str, charge: Charge) -> dict[str, object]:
    row, actor, tokens = charge.row, charge.row.actor, charge.row.tokens
    return {
        "source": source,
        "budget": charge.budget,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "workspace_id": row.workspace_id,
        "api_key_id": row.api_key_id,
        "actor_kind": actor.kind if actor else None,
        "actor_id": actor.id if actor else None,
        "actor_email": actor.email if actor else None,
        "actor_name": actor.name if actor else None,
        "model": row.model,
        "product": row.product,
        "net": charge.net,
        "list": charge.list,
        "uncached_input": tokens.uncached_input,
        "cache_read": tokens.cache_read,
        "cache_creation_5m": tokens.cache_creation_5m,
        "cache_creation_1h": tokens.cache_creation_1h,
        "output": tokens.output,
        "requests": row.requests,
        "service_tier": row.service_tier,
        "team": row.team,
        "tags": dict(row.tags) or None,
        "estimated": row.estimated,
        "row_id": row.row_id,
    }
