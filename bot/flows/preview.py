"""Where past usage would land by the rules of a policy, before it is in force."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.attribution import attribute
from bot.domain.budgets import UNATTRIBUTED
from bot.domain.money import Micros
from bot.domain.policy import Basis
from bot.domain.usage import Directory, UsageRow, Window
from bot.parts import Bot
from store import directory, usage_rows

DAY = timedelta(days=1)
MOST = 10


@dataclass(frozen=True, slots=True)
class Landing:
    """Dollars by budget, and what nobody claims, the most expensive first."""

    total: Micros
    by_budget: Mapping[str, Micros]
    unclaimed: Sequence[tuple[str, Micros]]


def landing(bot: Bot, starts_at: datetime, ends_at: datetime) -> Landing:
    """Attribute what the ledger holds by the policy's rules; a day at a time, changing nothing."""
    by_budget: Counter[str] = Counter()
    unclaimed: Counter[str] = Counter()
    with bot.db.transaction() as tx:
        names = directory.everything(tx)
        for source in usage_rows.sources_between(tx, starts_at, ends_at):
            day = starts_at
            while day < ends_at:
                window = Window(day, min(day + DAY, ends_at))
                rows = usage_rows.of_window(tx, source, window)
                for charge in attribute(
                    rows, bot.policy.rules_by_name, names, otherwise=UNATTRIBUTED
                ):
                    amount = charge.net if bot.policy.basis is Basis.NET else charge.list
                    by_budget[charge.budget] += amount
                    if charge.budget == UNATTRIBUTED:
                        unclaimed[_describe(charge.row, names)] += amount
                day += DAY
    return Landing(
        total=Micros(sum(by_budget.values())),
        by_budget={budget: Micros(amount) for budget, amount in by_budget.most_common()},
        unclaimed=[(what, Micros(amount)) for what, amount in unclaimed.most_common(MOST)],
    )


def _describe(row: UsageRow, names: Directory) -> str:
    """What a rule could match on, as it would be written."""
    workspace = names.workspaces.get(row.workspace_id or "")
    api_key = names.api_keys.get(row.api_key_id or "")
    parts = {
        "workspace": workspace.name if workspace else row.workspace_id,
        "api_key": api_key.name if api_key else row.api_key_id,
        "actor": (row.actor.email or row.actor.id) if row.actor else None,
        "team": row.team,
    }
    named = [f"{name}: {value}" for name, value in parts.items() if value]
    return f"{{{', '.join(named)}}}" if named else "{nothing that a rule could match}"
