"""What the page shows of the world beside Slack: budgets, what the gateway holds and heard."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.domain.budgets import UNATTRIBUTED
from bot.domain.money import usd
from bot.domain.policy import Policy
from bot.sandbox.gateway import Entry
from bot.sandbox.world.traffic import Count

NEWEST = 8


def budgets_of(
    policy: Policy,
    spent: Mapping[str, Decimal],
    held: Mapping[str, object],
    counts: Mapping[str, Count],
) -> list[dict[str, Any]]:
    """A budget's own spend and that of its children, in the order of the policy file."""
    rows = []
    for budget in policy.tree.budgets.values():
        if budget.id == UNATTRIBUTED:
            own = spent.get("unattributed", Decimal(0))
        else:
            family = (one.id for one in policy.tree if budget.id in (one.id, one.parent))
            own = sum((spent.get(id_, Decimal(0)) for id_ in family), Decimal(0))
        count = counts.get(budget.id)
        rows.append(
            {
                "id": budget.id,
                "name": budget.name,
                "parent": budget.parent,
                "allocation_usd": None if budget.limit is None else usd(budget.limit),
                "at_limit": budget.at_limit.value,
                "spent_usd": f"{own:.2f}",
                "gateway": held.get(budget.id),
                "passed": count.passed if count else None,
                "refused": count.refused if count else None,
            }
        )
    return rows


def deliveries_of(journal: Sequence[Entry]) -> list[dict[str, Any]]:
    """The newest limit states that came, the last one first."""
    return [
        {
            "at": entry.at.isoformat(),
            "budget": entry.budget,
            "version": entry.version,
            "outcome": entry.outcome,
        }
        for entry in reversed(journal[-NEWEST:])
    ]
