"""Break-glass: a small, short raise that the owner of a critical budget grants themselves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.budgets import BreakGlass, Budget
from bot.domain.errors import UserError
from bot.domain.money import ZERO, Micros, dollars, micros, parse_amount
from bot.domain.overages import OWNER, Draft, check_reason, figures_of
from bot.domain.people import Person
from bot.domain.standings import Standing

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed; no hours: as long as the policy allows."""

    amount: str
    reason: str
    hours: str = ""


def glass_of(budget: Budget) -> BreakGlass:
    """Raises UserError for a budget that is not critical."""
    if budget.overage.break_glass is None:
        raise UserError(
            f"{budget.name} is not marked critical, so nobody can break its glass. Ask for more "
            "instead; an operator can mark it in the policy file (`critical: true`).",
            "amount",
        )
    return budget.overage.break_glass


def check_owner(budget: Budget, person: Person) -> None:
    """Raises UserError for anybody but the owner and the backup."""
    if not any(person.is_called(ref) for ref in (budget.owner, budget.backup) if ref):
        raise UserError(
            f"Only the owner of {budget.name} and their backup can break the glass. "
            "Ask for more instead.",
            "amount",
        )


def most_behind_glass(standing: Standing) -> Micros:
    """How much the owner may grant themselves: a share of the allocation."""
    if standing.allocation is None:
        return ZERO
    share = glass_of(standing.budget).max_percent
    return Micros(standing.allocation.limit * share // 100)


def draft_glass(
    standing: Standing, person: Person, wanted: Wanted, policy_version: str, now: datetime
) -> Draft:
    """
    Check it against the policy.

    Raises:
        UserError: names the field (`amount`, `hours` or `reason`) and what would be accepted.
    """
    budget = standing.budget
    glass = glass_of(budget)
    check_owner(budget, person)
    amount = _amount(wanted.amount, most_behind_glass(standing), budget, glass)
    ends_at = now + _term(wanted.hours, glass.max_term)
    check_reason(wanted.reason)
    return Draft(
        budget=budget.id,
        requester=person.id,
        amount=amount,
        reason=wanted.reason.strip(),
        ends_at=ends_at,
        expires_at=ends_at,
        lists=(OWNER,),
        both=False,
        figures=figures_of(standing, policy_version),
    )


def _amount(text: str, most: Micros, budget: Budget, glass: BreakGlass) -> Micros:
    try:
        amount = parse_amount(text)
    except ValueError as error:
        raise UserError(f"“{text.strip()[:40]}” is not {error}.", "amount") from None
    if amount > most:
        raise UserError(
            f"Behind the glass of {budget.name} are at most {dollars(most)} "
            f"({glass.max_percent} % of its allocation). Ask for more for what goes beyond.",
            "amount",
        )
    if amount < micros("0.01"):
        raise UserError("The smallest amount is $0.01.", "amount")
    return amount


def _term(text: str, longest: timedelta) -> timedelta:
    most = longest // HOUR
    if not text.strip():
        return longest
    typed = text.strip()
    hours = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else 0
    if not timedelta(0) < hours * HOUR <= longest:
        raise UserError(f"Whole hours, from 1 to {most}.", "hours")
    return hours * HOUR
