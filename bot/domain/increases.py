"""Increase requests of a Claude Enterprise organization: what is known of one, and what may be granted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.attribution import attribute
from bot.domain.budgets import UNATTRIBUTED, BudgetId, Stage
from bot.domain.errors import UserError
from bot.domain.money import ZERO, Micros, dollars, micros, parse_amount
from bot.domain.people import Person
from bot.domain.places import Place
from bot.domain.rules import Rules
from bot.domain.usage import Actor, Directory, Tokens, UsageRow

MAX_REASON = 1_000
DENY_WARNING = (
    "After a denial Anthropic hides the member's button for 30 days: until then they can only ask "
    "you in person."
)
APPROVE_WARNING = (
    "Anthropic keeps the new limit in every period to come: it does not end by itself."
)
_STEP = micros(10)
_SHARE = micros(1)


class IncreaseState(StrEnum):
    """One outcome for each; approved and denied are what was decided here, confirmed or not."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    ELSEWHERE = "elsewhere"  # somebody was first, in claude.ai
    GONE = "gone"  # Anthropic does not know it any more, or the member has left


@dataclass(frozen=True, slots=True)
class Member:
    """Who asks: as Anthropic knows them, and their Slack account where they have one."""

    id: str
    name: str | None = None
    email: str | None = None
    account: str | None = None

    @property
    def person(self) -> Person:
        """As somebody who may be named by an approver list; nobody decides their own request."""
        return Person(self.account or self.id, self.name or self.id, self.email)


@dataclass(frozen=True, slots=True)
class FallsOn:
    """
    A budget that the member's usage falls on, and where that stood.

    `share` is what the member has spent from it lately; None: they have spent nothing yet, and the
    attribution rules say it.
    """

    budget: BudgetId
    name: str
    share: Micros | None
    spent: Micros
    limit: Micros | None
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class IncreaseFigures:
    """
    The figures as they were seen when the request was found.

    `limit` is the member's own in its period, None: nothing caps them; `spent` of 0 may also mean
    that Anthropic could not say.
    """

    limit: Micros | None
    spent: Micros
    seen_at: datetime
    policy_version: str
    budgets: tuple[FallsOn, ...] = ()


@dataclass(frozen=True, slots=True)
class Increase:
    """A member asks for a higher limit; the decision, and whether Anthropic has confirmed it."""

    id: int
    request: str  # Anthropic's id
    member: Member
    period: str  # daily | weekly | monthly
    asked_at: datetime
    figures: IncreaseFigures
    state: IncreaseState = IncreaseState.PENDING
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_in: Place | None = None
    reason: str | None = None
    granted: Micros | None = None  # the new limit in all
    confirmed_at: datetime | None = None
    failing_since: datetime | None = None
    refused: str | None = None  # for good: an operator has to do something
    elsewhere: str | None = None  # what Anthropic says became of it without us

    @property
    def waits(self) -> bool:
        """Decided here, and not confirmed by Anthropic."""
        decided = self.state in {IncreaseState.APPROVED, IncreaseState.DENIED}
        return decided and self.confirmed_at is None


def proposed_limit(figures: IncreaseFigures) -> Micros:
    """A quarter more than the limit, or than what is spent where that is more; whole tens of dollars."""
    base = max(figures.limit or ZERO, figures.spent)
    tens = -(-base * 5 // (4 * _STEP))
    return Micros(max(tens, 1) * _STEP)


def read_limit(text: str, figures: IncreaseFigures) -> Micros:
    """
    The new limit in all that somebody typed.

    Raises:
        UserError: no amount, or not more than the member has now; the field is `amount`.
    """
    try:
        amount = parse_amount(text)
    except ValueError as error:
        raise UserError(f"“{text.strip()[:40]}” is not {error}.", "amount") from None
    if figures.limit is not None and amount <= figures.limit:
        raise UserError(
            f"The limit is {dollars(figures.limit)} now. Give the new limit in all, which is more "
            "than that; or close the form and deny the request.",
            "amount",
        )
    return amount


def by_rules(member: Member, rules: Rules, names: Directory, now: datetime) -> Mapping[str, int]:
    """
    Where the attribution rules put what the member uses in Claude: budgets, and basis points each.

    Nothing is known of such a row but who used it.
    """
    row = UsageRow(
        source="increase_requests",
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        workspace_id=None,
        api_key_id=None,
        actor=Actor("user", member.id, member.email, member.name),
        model=None,
        product=None,
        net=_SHARE,
        list=_SHARE,
        tokens=Tokens(),
        requests=0,
    )
    charges = attribute([row], rules, names, otherwise=UNATTRIBUTED)
    return {charge.budget: charge.net * 10_000 // _SHARE for charge in charges}


def main_budget(figures: IncreaseFigures) -> str:
    """The budget that most of it falls on; the record files a request under it."""
    found: Sequence[FallsOn] = figures.budgets
    return found[0].budget if found else UNATTRIBUTED
