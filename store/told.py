"""What counts as told: stages and spikes of a period and limit, whoever they were told to."""

from collections.abc import Collection
from datetime import date, datetime

from sqlmodel import Session, col, select

from bot.domain.budgets import BudgetId, Stage
from bot.domain.money import Micros
from bot.domain.stages import Reason
from bot.domain.standings import Standing
from store.batches import batches
from store.tables import AlertRow


def sent_stages(tx: Session, budget: BudgetId, first_day: date, limit: Micros) -> frozenset[Stage]:
    """The stages already sent for this period and this effective limit; a spike is none."""
    rows = tx.exec(
        select(AlertRow.stage).where(
            col(AlertRow.budget) == budget,
            col(AlertRow.first_day) == first_day,
            col(AlertRow.limit) == limit,
            col(AlertRow.reason) != Reason.SPIKE,
        )
    )
    return frozenset(Stage(stage) for stage in rows)


def sent_stages_of(
    tx: Session, standings: Collection[Standing]
) -> dict[BudgetId, frozenset[Stage]]:
    """As `sent_stages`, for many budgets at once; those with none are left out."""
    wanted = {s.budget.id: (s.period.first_day, s.limit) for s in standings}
    sent: dict[BudgetId, set[Stage]] = {}
    for some in batches(wanted):
        rows = tx.exec(
            select(AlertRow.budget, AlertRow.first_day, AlertRow.limit, AlertRow.stage).where(  # type: ignore[call-overload]
                col(AlertRow.budget).in_(some or []),
                col(AlertRow.first_day) >= min(day for day, _ in wanted.values()),
                col(AlertRow.reason) != Reason.SPIKE,
            )
        )
        for budget, first_day, limit, stage in rows:
            id_ = BudgetId(budget)
            if wanted[id_] == (first_day, limit):
                sent.setdefault(id_, set()).add(Stage(stage))
    return {budget: frozenset(stages) for budget, stages in sent.items()}


def spike_told(tx: Session, key: str) -> Stage | None:
    """How bad the spike with this key was when it was told; None: it was not."""
    stage = tx.exec(select(AlertRow.stage).where(col(AlertRow.key) == key)).first()
    return None if stage is None else Stage(stage)


def newest_spike(tx: Session, budgets: Collection[BudgetId], since: datetime) -> int | None:
    """The newest spike that was told of one of these budgets, to its owner."""
    found: list[int] = []
    for some in batches(budgets):
        rows = tx.exec(
            select(AlertRow.id).where(
                col(AlertRow.budget).in_(some or []),
                col(AlertRow.reason) == Reason.SPIKE,
                col(AlertRow.fired_at) >= since,
                col(AlertRow.muted_by).is_(None),
            )
        )
        found += [id_ for id_ in rows if id_ is not None]
    return max(found, default=None)


def newest(
    tx: Session, budget: BudgetId, first_day: date, limit: Micros, at_least: Stage
) -> int | None:
    """The id of the newest alert of a budget, for this period and limit, that is as bad or worse."""
    return tx.exec(
        select(AlertRow.id)
        .where(
            col(AlertRow.budget) == budget,
            col(AlertRow.first_day) == first_day,
            col(AlertRow.limit) == limit,
            col(AlertRow.stage) >= int(at_least),
            col(AlertRow.reason) != Reason.SPIKE,
        )
        .order_by(col(AlertRow.id).desc())
        .limit(1)
    ).first()
