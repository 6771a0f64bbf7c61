"""Spend by actor, key and model: this week against the week before."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from bot.domain.drivers import WEEK, Driver, DriverKind, main_driver
from bot.domain.money import Micros
from bot.domain.policy import Basis
from store import ledger
from store.batches import batches
from store.tables import ChargeRow, NameRow

HOUR = timedelta(hours=1)
_COLUMNS: dict[DriverKind, Any] = {
    DriverKind.ACTOR: func.coalesce(ChargeRow.actor_email, ChargeRow.actor_id),
    DriverKind.API_KEY: ChargeRow.api_key_id,
    DriverKind.MODEL: ChargeRow.model,
}


def of_budgets(
    tx: Session,
    budgets: Collection[str],
    until: datetime,
    basis: Basis,
    since: datetime | None = None,
) -> Driver | None:
    """
    What drove the spend of these budgets together from `since` to `until`, against as long a time
    before that; `since` is seven days earlier unless told otherwise.
    """
    span = WEEK if since is None else max(until - since, HOUR)
    found: list[Driver] = []
    rise = 0
    for kind, column in _COLUMNS.items():
        sums = _sums(tx, column, budgets, until, span, basis)
        rise = sum(now - before for now, before in sums.values())
        found += [
            Driver(kind, name, Micros(now), Micros(before))
            for name, (now, before) in sums.items()
            if name is not None and not (kind is DriverKind.ACTOR and name.startswith("apikey_"))
        ]
    driver = main_driver(found, Micros(rise))
    return (
        None
        if driver is None
        else replace(
            _named(tx, driver), sudden=since is not None, compared=_reaches(tx, until - 2 * span)
        )
    )


def _sums(
    tx: Session,
    column: Any,
    budgets: Collection[str],
    until: datetime,
    span: timedelta,
    basis: Basis,
) -> dict[str | None, tuple[int, int]]:
    amount = col(ChargeRow.net if basis is Basis.NET else ChargeRow.list)
    begins = col(ChargeRow.starts_at)
    recent = begins >= until - span
    sums: dict[str | None, tuple[int, int]] = {}
    for some in batches(budgets):
        rows = tx.execute(
            select(
                column,
                func.sum(case((recent, amount), else_=0)),
                func.sum(case((recent, 0), else_=amount)),
            )
            .where(
                col(ChargeRow.budget).in_(some or []),
                begins >= until - 2 * span,
                begins < until,
            )
            .group_by(column)
        )
        for name, now, before in rows:
            so_far = sums.get(name, (0, 0))
            sums[name] = (so_far[0] + int(now), so_far[1] + int(before))
    return sums


def _reaches(tx: Session, moment: datetime) -> bool:
    """Whether there was a ledger by then: before it, nothing was not $0."""
    first = ledger.first_charge_at(tx)
    return first is not None and first <= moment


def _named(tx: Session, driver: Driver) -> Driver:
    """Ids say little: the name that is known, where one is."""
    name = tx.exec(select(NameRow.name).where(col(NameRow.id) == driver.name).limit(1)).first()
    return Driver(driver.kind, name or driver.name, driver.spent, driver.before)
