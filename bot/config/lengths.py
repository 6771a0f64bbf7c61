"""Lengths of time that do not fit into a budget's period: they work, and are probably not meant."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from bot.config.budgets import BudgetEntry, PolicyFile
from bot.config.faults import Fault, Loc
from bot.config.inherit import inherited
from bot.domain.periods import Cadence
from bot.domain.spans import Span

SHORTEST = {Cadence.DAY: 1, Cadence.WEEK: 7, Cadence.MONTH: 28, Cadence.QUARTER: 90}  # days


def too_long(policy: PolicyFile, placed: Iterable[tuple[Loc, BudgetEntry]]) -> Iterator[Fault]:
    """Per budget, where it says so itself; what `defaults` say once, for the first that it hits."""
    told: set[str] = set()
    for loc, entry in placed:
        rules = inherited(entry, policy.defaults, policy.approvers)
        for name, span, own, so in (
            ("grace", rules.grace, entry.grace, "the response at the limit never comes"),
            ("lead_time", rules.lead_time, entry.lead_time, "alerts by time come on its first day"),
        ):
            is_written = own or getattr(policy.defaults, name)
            if not is_written or _days(span) < SHORTEST[rules.cadence]:
                continue
            where: Loc = (*loc, name) if own else ("defaults", name)
            if own or name not in told:
                told |= set() if own else {name}
                yield Fault(where, f"{span} is {_than(span, rules.cadence)}: {so}")


def _than(span: Span, cadence: Cadence) -> str:
    longest = {**SHORTEST, Cadence.MONTH: 31, Cadence.QUARTER: 92}[cadence]
    return f"{'longer than' if _days(span) > longest else 'as long as'} a {cadence.value}"


def _days(span: Span) -> float:
    """At least so many: days off make it longer."""
    return span.plain / timedelta(days=1) + span.working_days
