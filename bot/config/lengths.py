"""Lengths of time that do not fit into a budget's period: they work, and are probably not meant."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from bot.config.budgets import BudgetEntry, PolicyFile
from bot.config.faults import Fault, Loc
from bot.config.inherit import Inherited, inherited
from bot.domain.periods import Cadence
from bot.domain.spans import Span

SHORTEST = {Cadence.DAY: 1, Cadence.WEEK: 7, Cadence.MONTH: 28, Cadence.QUARTER: 90}  # days


def too_long(policy: PolicyFile, placed: Iterable[tuple[Loc, BudgetEntry]]) -> Iterator[Fault]:
    """Per budget, where it says so itself; what `defaults` say once, for the first that it hits."""
    told: set[str] = set()
    for loc, entry in placed:
        rules = inherited(entry, policy.defaults, policy.approvers)
        for name, text in _faults(rules):
            own = getattr(entry, name)
            if not own and (name in told or not getattr(policy.defaults, name)):
                continue
            told |= set() if own else {name}
            yield Fault((*loc, name) if own else ("defaults", name), text)


def _faults(rules: Inherited) -> Iterator[tuple[str, str]]:
    """The field, and what is wrong with its length."""
    least = SHORTEST[rules.cadence]
    for name, span, so in (
        ("grace", rules.grace, "the response at the limit never comes"),
        ("lead_time", rules.lead_time, "alerts by time come on its first day"),
    ):
        if _days(span) >= least:
            yield name, f"{span} is {_than(span, rules.cadence)}: {so}"
    times, days = rules.thresholds.respond_lead_times, _days(rules.lead_time)
    if times and days < least <= days * times:
        what = f"{times} times {rules.lead_time} are as long as a {rules.cadence.value}"
        yield "lead_time", f"{what}: respond comes on its first day"


def _than(span: Span, cadence: Cadence) -> str:
    longest = {**SHORTEST, Cadence.MONTH: 31, Cadence.QUARTER: 92}[cadence]
    return f"{'longer than' if _days(span) > longest else 'as long as'} a {cadence.value}"


def _days(span: Span) -> float:
    """At least so many: days off make it longer."""
    return span.plain / timedelta(days=1) + span.working_days
