"""What is known of whoever asks: who they are here, and which budgets their usage falls on."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.clients.increase_requests import IncreaseRequest
from bot.domain.budgets import BudgetId
from bot.domain.increases import FallsOn, IncreaseFigures, Member, by_rules
from bot.domain.money import ZERO, Micros
from bot.domain.people import Person
from bot.parts import Bot
from store import directory, spenders, standings

LATELY = timedelta(days=30)
_MOST = 10  # budgets kept of one member


def member_of(tx: Session, request: IncreaseRequest, account: Person | None) -> Member:
    """An address that this answer leaves out may be known from the usage reports."""
    requester = request.requester
    named = directory.everything(tx).actors.get(requester.id)
    email = requester.email or (named.email if named else None)
    name = requester.name or (named.name if named else None)
    return Member(requester.id, name, email, account.id if account else None)


def figures_of(
    tx: Session, bot: Bot, request: IncreaseRequest, member: Member, now: datetime
) -> IncreaseFigures:
    """Limit and spend as Anthropic says them, and the budgets behind, as they stand now."""
    summary = request.summary
    return IncreaseFigures(
        limit=summary.limit if summary else None,
        spent=summary.spent if summary else ZERO,
        seen_at=now,
        policy_version=bot.policy.version,
        budgets=_budgets(tx, bot, member, now),
    )


def _budgets(tx: Session, bot: Bot, member: Member, now: datetime) -> tuple[FallsOn, ...]:
    """What was charged lately tells it; before that, what the rules say of such a row."""
    spent = spenders.budgets_of(tx, member.id, member.email, now - LATELY, bot.policy.basis)
    shares: Mapping[str, Micros | None] = spent
    if not shares:
        names = directory.everything(tx)
        shares = dict.fromkeys(by_rules(member, bot.policy.rules_by_name, names, now))
    wanted = [BudgetId(id_) for id_ in shares if id_ in bot.policy.tree.budgets][:_MOST]
    found = standings.gather(tx, bot.policy, now, wanted)
    return tuple(
        FallsOn(
            budget=id_,
            name=found[id_].budget.name,
            share=shares[id_],
            spent=found[id_].spent,
            limit=found[id_].limit,
            stage=found[id_].stage,
        )
        for id_ in wanted
    )
