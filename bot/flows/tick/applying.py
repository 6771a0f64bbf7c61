"""Applying the policy file: new limits are revisions, new rules attribute the period anew."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.attribution import attribute
from bot.domain.budgets import UNATTRIBUTED, BudgetId
from bot.domain.money import Micros
from bot.domain.periods import period_at
from bot.domain.usage import Window
from bot.effects import messages, recording
from bot.parts import Bot
from bot.render import notice
from store import (
    allocations,
    directory,
    ledger,
    limits,
    policies,
    raises,
    sources,
    touched,
    usage_rows,
)
from store.policies import AppliedPolicy

DAY = timedelta(days=1)


def apply_policy(tx: Session, bot: Bot, now: datetime) -> None:
    """What the policy file says now, as far as it is new; before anything new is taken in."""
    rules = bot.policy.rules_version
    if policies.is_newest(tx, bot.policy.version, rules):
        return
    before = policies.newest(tx)
    _apply_limits(tx, bot, now)
    touched.note(tx, bot.policy.tree.budgets, limit_changed=True)
    budgets = {str(budget.id): budget.name for budget in bot.policy.tree}
    policies.record(tx, AppliedPolicy(bot.policy.version, rules, budgets, now))
    if before is not None:
        _tell_who_left(tx, bot, before, now)
    moved: Mapping[str, Micros] = {}
    if before is not None and before.rules != rules:
        moved = _attribute_again(tx, bot, now)
    data = {
        "before": before.version if before else None,
        "after": bot.policy.version,
        "moved": dict(moved),
    }
    recording.note(tx, bot, "policy.applied", recording.SYSTEM, bot.policy.version, data, now)
    if moved:
        told = notice.moved(bot.policy.version, moved)
        key = f"moved:{bot.policy.version}:{now.isoformat()}"
        messages.tell_operators(tx, bot, key, told, now, subject="policy")


def _tell_who_left(tx: Session, bot: Bot, before: AppliedPolicy, now: datetime) -> None:
    """
    Budgets that are no longer in the policy file, with what the target still holds for them.

    Nothing is sent: nobody says any more what should be true, and lifting a limit is not ours.
    """
    zone = bot.policy.organization.time_zone
    for budget in sorted(set(before.budgets) - set(bot.policy.tree.budgets)):
        held = limits.load(tx, BudgetId(budget))
        live = raises.live(tx, now).get(BudgetId(budget), [])
        told = notice.left(budget, held.state if held else None, live, zone)
        key = f"left:{budget}:{now.isoformat()}"
        messages.tell_operators(tx, bot, key, told, now, subject="policy")
        data = {
            "before": before.budgets[budget],
            "after": None,
            "exceptions": [raised.request for raised in live],
        }
        recording.note(tx, bot, "budget.left", recording.SYSTEM, budget, data, now)


def _apply_limits(tx: Session, bot: Bot, now: datetime) -> None:
    """A limit that is new in the policy file is a new revision of the allocation."""
    wanted = {b.id: b.limit for b in bot.policy.tree if b.limit is not None}
    for before, after in allocations.apply_file(tx, wanted, bot.policy.version, now):
        data = {
            "before": before.limit if before else None,
            "after": after.limit,
            "revision": after.revision,
        }
        recording.note(tx, bot, "allocation.revised", recording.SYSTEM, after.budget, data, now)


def _attribute_again(tx: Session, bot: Bot, now: datetime) -> dict[str, Micros]:
    """
    Put the charges of the current periods where the new rules say; what moved, by budget.

    From the ledger, not from the sources: pushed rows come only once. A day at a time, so that a
    long period does not have to fit into memory.
    """
    starts_at = min(period_at(now, b.cadence, b.time_zone).starts_at for b in bot.policy.tree)
    ends_at = now + DAY
    before = ledger.spend(tx, starts_at, ends_at, bot.policy.basis)
    names = directory.everything(tx)
    for source in usage_rows.sources_between(tx, starts_at, ends_at):
        sources.lock(tx, source)  # what is added between reading and replacing would be lost
        day = starts_at
        while day < ends_at:
            window = Window(day, min(day + DAY, ends_at))
            rows = usage_rows.of_window(tx, source, window)
            charges = attribute(rows, bot.policy.rules_by_name, names, otherwise=UNATTRIBUTED)
            ledger.replace(tx, source, window, charges)
            day += DAY
    after = ledger.spend(tx, starts_at, ends_at, bot.policy.basis)
    changes = {
        budget: Micros(after.get(budget, 0) - before.get(budget, 0))
        for budget in sorted({*before, *after})
    }
    return {budget: change for budget, change in changes.items() if change}
