"""Spend of the last days, for a run rate."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.budgets import BudgetId
from bot.domain.money import Micros
from bot.domain.policy import Policy
from bot.domain.standings import RATE_WINDOW, Freshness
from store import ledger
from store.families import Family


class Recent:
    """Spend of the last days up to where the figures end, and how long that was."""

    def __init__(
        self,
        tx: Session,
        policy: Policy,
        families: Mapping[BudgetId, Family],
        fresh: Mapping[BudgetId, Freshness],
        now: datetime,
    ) -> None:
        self._families = families
        self._until = {id_: min(fresh[id_].as_of or now, now) for id_ in families}
        first = ledger.first_charge_at(tx)
        self._since: dict[datetime, datetime] = {}
        self._spend: dict[datetime, Mapping[str, Micros]] = {}
        for until in set(self._until.values()):
            since = max(until - RATE_WINDOW, first) if first else until
            self._since[until] = min(since, until)
            members = {
                member
                for id_, family in families.items()
                if self._until[id_] == until
                for member in family.members
            }
            few = members if len(members) < len(policy.tree.budgets) else None
            self._spend[until] = (
                ledger.spend(tx, since, until, policy.basis, few) if since < until else {}
            )

    def spent(self, budget: BudgetId) -> Micros:
        spend = self._spend[self._until[budget]]
        return Micros(sum(spend.get(member, 0) for member in self._families[budget].members))

    def span(self, budget: BudgetId) -> timedelta:
        until = self._until[budget]
        return until - self._since[until]
