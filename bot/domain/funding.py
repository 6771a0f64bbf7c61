"""Where the dollars of an exception come from: the reserve, another budget, or the commitment."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.budgets import Budget, BudgetId, BudgetTree, Funding
from bot.domain.errors import UserError
from bot.domain.money import Micros, dollars
from bot.domain.overages import FundedBy
from bot.domain.periods import midnight
from bot.domain.policy import Commitment

TRANSFER = "transfer:"  # begins the choice of a budget in the form
NOTHING = "none"  # the choice that nothing is named


@dataclass(frozen=True, slots=True)
class Reserve:
    """The share of the commitment that no budget was given, and what exceptions left of it."""

    whole: Micros
    left: Micros


@dataclass(frozen=True, slots=True)
class Sources:
    """What may be chosen for a budget now; `donors` have room, `reserve` is of a commitment in force."""

    allowed: tuple[Funding, ...]
    reserve: Reserve | None  # None: there is no commitment, or it is not in force
    donors: tuple[tuple[Budget, Micros], ...] = ()  # and how much room each has

    def has(self, kind: Funding) -> bool:
        return kind in self.allowed and (kind is Funding.TRANSFER or self.reserve is not None)


def term_of(commitment: Commitment, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From its first day to the midnight after its last."""
    day_after: date = commitment.ends + timedelta(days=1)
    return midnight(commitment.starts, zone), midnight(day_after, zone)


def reserve_of(commitment: Commitment, taken: Micros) -> Reserve:
    """Per cent of the commitment, less what exceptions have taken; never below nothing."""
    whole = Micros(commitment.amount * commitment.reserve_percent // 100)
    return Reserve(whole, Micros(max(whole - taken, 0)))


def default_funding(sources: Sources, amount: Micros) -> FundedBy | None:
    """
    The reserve while it has room, else the commitment; None: there is nothing to tell apart.

    Raises:
        UserError: only a transfer is allowed, so a budget has to be named.
    """
    reserve = sources.reserve
    if sources.has(Funding.RESERVE) and reserve is not None and reserve.left >= amount:
        return FundedBy(Funding.RESERVE)
    if sources.has(Funding.COMMITMENT):
        return FundedBy(Funding.COMMITMENT)
    if sources.has(Funding.RESERVE) and reserve is not None:
        raise UserError(_too_little(reserve, amount), "funding")
    if sources.allowed == (Funding.TRANSFER,):
        raise UserError(
            "The policy allows only a transfer from another budget: choose one in the form.",
            "funding",
        )
    return None


def funded(choice: str, sources: Sources, amount: Micros) -> FundedBy | None:
    """
    What was chosen in the form; an empty choice is the default.

    Raises:
        UserError: with the field `funding`, and what is possible instead.
    """
    if not choice:
        return default_funding(sources, amount)
    if choice == NOTHING and sources.reserve is None and sources.allowed != (Funding.TRANSFER,):
        return None
    if choice.startswith(TRANSFER) and sources.has(Funding.TRANSFER):
        return _transfer(choice.removeprefix(TRANSFER), sources, amount)
    kinds = {kind.value: kind for kind in (Funding.RESERVE, Funding.COMMITMENT)}
    kind = kinds.get(choice)
    if kind is None or not sources.has(kind):
        raise UserError("The policy does not allow this; choose something else.", "funding")
    if kind is Funding.RESERVE and sources.reserve is not None and sources.reserve.left < amount:
        raise UserError(_too_little(sources.reserve, amount), "funding")
    return FundedBy(kind)


def choice_of(funding: FundedBy | None) -> str:
    """As the form has it."""
    if funding is None:
        return NOTHING
    return f"{TRANSFER}{funding.budget}" if funding.budget else funding.kind.value


def could_give(tree: BudgetTree, budget: BudgetId, other: BudgetId) -> bool:
    """Not itself, and nobody above or below it: those share its spend."""
    return other not in tree.path(budget) and other not in tree.family(budget)


def _transfer(donor: str, sources: Sources, amount: Micros) -> FundedBy:
    room = {budget.id: (budget, left) for budget, left in sources.donors}
    found = room.get(BudgetId(donor))
    if found is None:
        raise UserError(
            "This budget cannot give anything: it has no limit, no room, or shares its spend "
            "with the one that asks. Choose another.",
            "funding",
        )
    budget, left = found
    if left < amount:
        raise UserError(f"{budget.name} has {dollars(left)} left. Ask for less of it.", "funding")
    return FundedBy(Funding.TRANSFER, budget.id)


def _too_little(reserve: Reserve, amount: Micros) -> str:
    return (
        f"The reserve has {dollars(reserve.left)} of {dollars(reserve.whole)} left, which is less "
        f"than {dollars(amount)}."
    )
