"""The form to ask for more: what it offers, and what it says while it is filled in."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import Budget, BudgetId
from bot.domain.buying import buys
from bot.domain.errors import UserError
from bot.domain.funding import Sources, choice_of, funded
from bot.domain.money import dollars
from bot.domain.overages import (
    OWNER,
    Draft,
    FundedBy,
    approvers_of,
    default_end,
    draft,
    most_allowed,
)
from bot.domain.people import Person
from bot.domain.standings import Standing
from bot.domain.terms import Seen, last_day, seen, with_its_end
from bot.flows.overages.funding import sources_of
from bot.flows.overages.outcomes import NotDecided, load
from bot.flows.overages.seen import why_not_now
from bot.parts import Bot
from bot.render.blocks import escape
from bot.render.funding import funding_block, source_text
from bot.render.overage_modal import Filled, View, overage_modal
from bot.render.preview import Previewed, preview_text
from store import allocations, people, standings

CHANGE = "change"  # in the private metadata: this form changes a request


@dataclass(frozen=True, slots=True)
class Form:
    """What one form is about: who fills it in, and what `about` says comes back with it."""

    asker: Person
    filled: Filled
    about: str = ""

    @property
    def changes(self) -> bool:
        return self.about.startswith(CHANGE)


def request_form(
    bot: Bot,
    asker_id: str,
    budget: BudgetId | None,
    amount: str,
    reason: str,
    now: datetime,
    alert: int | None = None,
) -> View:
    """The form to ask for more, with the end of the default term; `alert`: what asking answers."""
    with bot.db.transaction() as tx:
        asker = _account(tx, asker_id)
        offered = _offered(tx, bot, asker)
        if not offered:
            raise UserError("No budget has a limit that could be raised.")
        chosen = bot.policy.tree.budgets[budget] if budget else offered[0]
        if chosen not in offered:
            raise UserError(f"{escape(chosen.name)} has no limit that could be raised.")
        standing = standings.gather(tx, bot.policy, now, [chosen.id])[chosen.id]
        end = default_end(standing, bot.policy.organization.calendar, now)
        filled = Filled(amount, reason, last_day(end, chosen.time_zone))
        form = Form(asker, filled, "" if alert is None else str(alert))
        return _view(tx, bot, form, offered, standing, now)


def change_form(bot: Bot, shown: Seen, actor_id: str, now: datetime) -> View | NotDecided:
    """The same form for a request that is open, filled in with what it says now."""
    with bot.db.transaction() as tx:
        request = load(tx, shown.request)
        if (over := why_not_now(tx, bot, request, shown.revision, now)) is not None:
            return over
        if request.requester != actor_id:
            return NotDecided("Only whoever asked can change a request.")
        standing = standings.of_budget(tx, bot.policy, request.budget, now)
        if standing is None:
            return NotDecided("This budget is no longer in the policy file.")
        day = last_day(request.ends_at, standing.budget.time_zone)
        choice = choice_of(request.funding)
        filled = Filled(dollars(request.amount), request.reason, day, choice)
        form = Form(_account(tx, actor_id), filled, f"{CHANGE} {shown}")
        return _view(tx, bot, form, [standing.budget], standing, now)


def preview_form(
    bot: Bot, asker_id: str, budget: Budget, filled: Filled, about: str, now: datetime
) -> View:
    """The form as it stands on somebody's screen, with what would come of it."""
    with bot.db.transaction() as tx:
        form = Form(_account(tx, asker_id), filled, about)
        offered = [budget] if form.changes else _offered(tx, bot, form.asker)
        standing = standings.gather(tx, bot.policy, now, [budget.id])[budget.id]
        return _view(tx, bot, form, offered, standing, now)


def _view(
    tx: Session, bot: Bot, form: Form, offered: list[Budget], standing: Standing, now: datetime
) -> View:
    chosen, filled = standing.budget, form.filled
    hint = f"For {chosen.name} the policy allows up to {dollars(most_allowed(standing))} more."
    sources = sources_of(tx, bot, chosen, now)
    preview = preview_text(_previewed(tx, bot, form, standing, sources, now))
    source = funding_block(sources, filled.funding)
    return overage_modal(
        offered, chosen, filled, hint, preview, form.about, changing=form.changes, source=source
    )


def _previewed(
    tx: Session, bot: Bot, form: Form, standing: Standing, sources: Sources, now: datetime
) -> Previewed:
    """Checked as it will be when it is sent, but for the reason, which may still be missing."""
    chosen, filled = standing.budget, form.filled
    latest = bot.policy.organization.calendar.after(now, chosen.overage.max_term)
    empty = Previewed(
        most=most_allowed(standing),
        latest=last_day(latest, chosen.time_zone),
        zone=chosen.time_zone,
        period_ends=standing.period.ends_at,
    )
    if not filled.amount.strip():
        return empty
    asker = form.asker
    names = [asker.id, *([asker.email] if asker.email else [])]
    try:
        drafted = draft(
            standing, asker.id, filled.amount, "-", filled.last_day, bot.policy, names, now
        )
        funding = funded(filled.funding, sources, drafted.amount)
    except UserError as error:
        return replace(empty, wrong=error.text)
    if form.changes:
        request = load(tx, seen(form.about.removeprefix(CHANGE).strip()).request)
        drafted = with_its_end(drafted, request, filled.last_day, chosen.time_zone)
    return replace(
        empty,
        buys=buys(standing, drafted.amount),
        ends_at=drafted.ends_at,
        deciders=_deciders(tx, bot, drafted, chosen, asker) + _giver(bot, funding, asker),
        source=_source(bot, funding, sources),
    )


def _source(bot: Bot, funding: FundedBy | None, sources: Sources) -> str:
    if funding is None:
        return ""
    if funding.budget is not None:
        donor = bot.policy.tree.budgets[funding.budget].name
        return f"{escape(donor)} has as much less meanwhile, once its owner agrees."
    return source_text(funding.kind, sources.reserve)


def _giver(bot: Bot, funding: FundedBy | None, asker: Person) -> str:
    """Whose own dollars they are has agreed by asking."""
    donor = bot.policy.tree.budgets.get(funding.budget) if funding and funding.budget else None
    if donor is None or asker.is_called(donor.owner):
        return ""
    return f", and the owner of {escape(donor.name)}"


def _deciders(tx: Session, bot: Bot, drafted: Draft, budget: Budget, asker: Person) -> str:
    """By name, as far as names are known: nobody waits for Slack here."""
    named = [_list_text(tx, bot, name, budget, asker) for name in drafted.lists]
    return f"{' and '.join(named)} together" if drafted.both else " or ".join(named)


def _list_text(tx: Session, bot: Bot, name: str, budget: Budget, asker: Person) -> str:
    shown = "the owner" if name == OWNER else name
    who = [ref for ref in approvers_of(name, budget, bot.policy) if not asker.is_called(ref)]
    known = [found.name if (found := people.find(tx, ref)) else ref for ref in who]
    if name != OWNER and bot.policy.approvers[name].usergroup:
        known.append("its user group")
    return f"{escape(shown)} ({escape(', '.join(known))})" if known else escape(shown)


def _offered(tx: Session, bot: Bot, asker: Person) -> list[Budget]:
    """Budgets with a limit, the asker's own first."""
    limited = allocations.in_force(tx)
    found = [b for b in bot.policy.tree if b.id in limited or b.limit is not None]
    return sorted(found, key=lambda budget: not _owns(asker, budget))


def _owns(asker: Person, budget: Budget) -> bool:
    return any(asker.is_called(ref) for ref in _owners(budget))


def _owners(budget: Budget) -> Iterator[str]:
    yield budget.owner
    if budget.backup:
        yield budget.backup


def _account(tx: Session, user_id: str) -> Person:
    return people.find(tx, user_id) or Person(user_id, user_id)
