"""Overage requests: asked, decided once, withdrawn, expired."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from bot.clients.slack import DeliveryError
from bot.domain.budgets import BudgetId, PersonRef
from bot.domain.errors import UserError
from bot.domain.limits import TemporaryRaise
from bot.domain.money import ZERO, Micros, dollars
from bot.domain.overages import (
    OWNER,
    OverageRequest,
    RequestState,
    approvers_of,
    draft,
    figures_of,
)
from bot.domain.people import Electorate, Person, Refusal, refusal, settles
from bot.effects import limits as limit_effects
from bot.effects import requests as request_effects
from bot.parts import Bot
from bot.render.blocks import moment
from bot.render.blocks import people as names_of
from bot.render.request import deciders_text, receipt
from store import audit, limits, overages, people, raises, standings

SYSTEM = "budget-bot"
GONE = "This request is not known any more."


@dataclass(frozen=True, slots=True)
class Asked:
    """The request is recorded; `text` is the receipt."""

    request: OverageRequest
    text: str


@dataclass(frozen=True, slots=True)
class Decided:
    """This click decided."""

    request: OverageRequest


@dataclass(frozen=True, slots=True)
class Counted:
    """One of two approvals; the other is still needed."""

    text: str


@dataclass(frozen=True, slots=True)
class NotDecided:
    """Somebody was first, it expired, or this person may not decide; `text` says which."""

    text: str
    refusal: Refusal | None = None


Outcome = Decided | Counted | NotDecided


def ask(
    bot: Bot,
    budget: BudgetId,
    requester: Person,
    amount: str,
    reason: str,
    last_day: date | None,
    trigger: str,
    now: datetime,
) -> Asked:
    """
    Record an overage request and post it to those who decide.

    `trigger` names the submission: Slack may deliver it twice, and twice is one request.

    Raises:
        UserError: what the policy does not allow, with the field and what would be accepted.
    """
    if requester.stranger or requester.deleted or requester.is_bot:
        raise UserError("Only members of this workspace can ask for an overage.", "budget")
    with bot.db.transaction() as tx:
        standing = standings.gather(tx, bot.policy, now)[budget]
        names = [requester.id, *([requester.email] if requester.email else [])]
        people.remember(tx, requester.id, requester, now)
        drafted = draft(standing, requester.id, amount, reason, last_day, bot.policy, names, now)
        request = overages.add(tx, drafted, trigger, now)
        if request is None:
            before = overages.by_trigger(tx, trigger)
            if before is None:
                raise UserError("This was sent already. Type the command again.")
            return Asked(before, _receipt(tx, bot, before))
        request_effects.announce(tx, bot, request, standing, now)
        _record(tx, "request.asked", requester.id, request, now, {"reason": request.reason})
        text = _receipt(tx, bot, request)
    bot.wake()
    return Asked(request, text)


def decide(
    bot: Bot,
    request_id: int,
    actor_id: str,
    outcome: RequestState,
    reason: str | None,
    now: datetime,
) -> Outcome:
    """
    Approve or deny: exactly one outcome, however many decide at once.

    Who decides is asked of Slack now, not when the card was posted. Then one transaction locks the
    request, checks the right to decide, records the outcome and everything that follows from it.
    """
    with bot.db.transaction() as tx:
        request = _load(tx, request_id)
        if (over := _over(tx, bot, request, now)) is not None:
            return over
    actor, requester, electorate, team = _electorate(bot, request, actor_id, now)
    with bot.db.transaction() as tx:
        request = _load(tx, request_id, lock=True)
        if (over := _over(tx, bot, request, now)) is not None:
            return over
        refused = refusal(actor, requester, electorate, team)
        if refused is not None:
            _record(tx, "decision.refused", actor.id, request, now, {"why": refused.value})
            return NotDecided(_refused_text(request, refused), refused)
        result = _settle(tx, bot, request, actor, electorate, outcome, reason, now)
    bot.wake()
    return result


def summary(bot: Bot, request_id: int, now: datetime) -> str | NotDecided:
    """One sentence on an open request, for the modal; or why there is nothing to decide."""
    with bot.db.transaction() as tx:
        request = _load(tx, request_id)
        if (over := _over(tx, bot, request, now)) is not None:
            return over
        card = request_effects.card_of(tx, bot, request)
        return (
            f"Request #{request.id}: {dollars(request.amount)} more for {card.budget_name} "
            f"until {moment(request.ends_at, card.zone)}."
        )


def withdraw(bot: Bot, request_id: int, actor_id: str, now: datetime) -> Outcome:
    """The requester takes a request back while it is open."""
    with bot.db.transaction() as tx:
        request = _load(tx, request_id, lock=True)
        if (over := _over(tx, bot, request, now)) is not None:
            return over
        if request.requester != actor_id:
            return NotDecided("Only whoever asked can withdraw a request.")
        closed = _close(tx, bot, request, RequestState.WITHDRAWN, (actor_id,), None, now)
    bot.wake()
    return Decided(closed) if closed else NotDecided(GONE)


def expire(bot: Bot, now: datetime) -> int:
    """Close the requests that nobody decided in time; in the database first, then the messages."""
    with bot.db.transaction() as tx:
        closed = [
            _close(tx, bot, request, RequestState.EXPIRED, (), None, now)
            for request in overages.overdue(tx, now)
        ]
    bot.wake()
    return sum(1 for request in closed if request is not None)


def _settle(
    tx: Session,
    bot: Bot,
    request: OverageRequest,
    actor: Person,
    electorate: Electorate,
    outcome: RequestState,
    reason: str | None,
    now: datetime,
) -> Outcome:
    deciders: tuple[str, ...] = (actor.id,)
    if outcome is RequestState.APPROVED:
        votes = overages.vote(tx, request.id, actor.id, electorate.lists_of(actor), now)
        deciders = tuple(person for person, _ in votes)
        if not settles([lists for _, lists in votes], request.lists, both=request.both):
            state = f"votes:{len(votes)}"
            request_effects.show_outcome(tx, bot, request, now, state)
            _record(tx, "decision.vote", actor.id, request, now, {})
            return Counted("Your approval counts. A second person has to approve too.")
    closed = _close(tx, bot, request, outcome, deciders, reason, now)
    return Decided(closed) if closed else _lost(tx, bot, request, now)


def _close(
    tx: Session,
    bot: Bot,
    request: OverageRequest,
    outcome: RequestState,
    deciders: tuple[str, ...],
    reason: str | None,
    now: datetime,
) -> OverageRequest | None:
    """The outcome and all that follows from it, in the caller's transaction; None: too late."""
    standing = standings.gather(tx, bot.policy, now).get(request.budget)
    granted = request.amount if outcome is RequestState.APPROVED else ZERO
    figures = figures_of(standing, bot.policy.version) if standing else request.figures
    if not overages.settle(tx, request.id, outcome, deciders, reason, granted, figures, now):
        return None
    closed = _load(tx, request.id)
    after = _raise_limit(tx, bot, closed, deciders, now) if granted else figures.limit
    _record(
        tx,
        f"request.{outcome.value}",
        deciders[0] if deciders else SYSTEM,
        closed,
        now,
        {
            "decided_by": list(deciders),
            "reason": reason,
            "granted": granted,
            "spent": figures.spent,
            "limit_before": figures.limit,
            "limit_after": after,
        },
    )
    request_effects.tell_outcome(tx, bot, closed, now)
    return closed


def _raise_limit(
    tx: Session, bot: Bot, request: OverageRequest, deciders: tuple[str, ...], now: datetime
) -> Micros:
    """The exception, and the limit state that carries it; the effective limit afterwards."""
    raised = TemporaryRaise(
        request.budget, request.id, request.granted, now, request.ends_at, deciders[-1]
    )
    raises.add(tx, raised)
    limits.load(tx, request.budget, lock=True)  # a tick that holds it brings newer figures
    standing = standings.gather(tx, bot.policy, now)[request.budget]
    version = limit_effects.hold(tx, bot, standing, now)
    if version is None:
        held = limits.load(tx, request.budget)
        version = held.version if held else 1
    raises.carried_by(tx, request.id, version)
    return standing.limit or ZERO


def _load(tx: Session, request_id: int, *, lock: bool = False) -> OverageRequest:
    request = overages.load(tx, request_id, lock=lock)
    if request is None:
        raise UserError(GONE)
    return request


def _over(tx: Session, bot: Bot, request: OverageRequest, now: datetime) -> NotDecided | None:
    """Why there is nothing to decide any more: who decided and when, or that time is up."""
    if request.state is not RequestState.PENDING:
        return _lost(tx, bot, request, now)
    if request.expires_at <= now:
        zone = bot.policy.organization.time_zone
        return NotDecided(
            f"Request #{request.id} expired {moment(request.expires_at, zone)}. "
            "If it is still needed, it has to be asked for again."
        )
    if request.ends_at <= now:
        return NotDecided(f"Request #{request.id} was for a time that is over.")
    return None


def _lost(tx: Session, bot: Bot, request: OverageRequest, now: datetime) -> NotDecided:
    current = _load(tx, request.id)
    zone = bot.policy.organization.time_zone
    by = f" by {names_of(current.decided_by)}" if current.decided_by else ""
    at = moment(current.decided_at or now, zone)
    return NotDecided(f"Request #{current.id} was {current.state.value} already{by}, {at}.")


def _refused_text(request: OverageRequest, refused: Refusal) -> str:
    text = f"Request #{request.id}: {refused.value}."
    if refused is Refusal.NOT_APPROVER:
        text += f" Who may: {deciders_text(request.lists, request.both)}."
    return text


def _electorate(
    bot: Bot, request: OverageRequest, actor_id: str, now: datetime
) -> tuple[Person, Person, Electorate, str]:
    """Ask Slack, with no transaction open, who the people are and who is in the groups today."""
    budget = bot.policy.tree.budgets.get(request.budget)
    if budget is None:
        raise UserError(
            "This budget is no longer in the policy file; the request cannot be decided."
        )
    try:
        actor = bot.slack.person(actor_id)
        requester = _requester(bot, request)
        lists: list[tuple[str, tuple[PersonRef, ...]]] = []
        for name in request.lists:
            group = None if name == OWNER else bot.policy.approvers[name].usergroup
            members = bot.slack.usergroup(group) if group else ()
            named = approvers_of(name, budget, bot.policy)
            lists.append((name, (*named, *(PersonRef(member) for member in members))))
        team = bot.slack.team_id()
        lists = [(name, _with_ids(bot, actor, refs)) for name, refs in lists]
    except DeliveryError as error:
        raise UserError(
            "Slack did not tell who you are, so nothing was decided. Press again in a minute. "
            f"({error})"
        ) from None
    except KeyError as error:
        raise UserError(
            f"The approver list {error} is no longer in the policy file; tell an operator."
        ) from None
    with bot.db.transaction() as tx:
        people.remember(tx, actor.id, actor, now)
    return actor, requester, Electorate(tuple(lists)), team


def _requester(bot: Bot, request: OverageRequest) -> Person:
    with bot.db.transaction() as tx:
        known = people.find(tx, request.requester)
    return known or bot.slack.person(request.requester)


def _with_ids(bot: Bot, actor: Person, refs: tuple[PersonRef, ...]) -> tuple[PersonRef, ...]:
    """Where Slack hides e-mail addresses, the list's addresses are looked up instead."""
    if actor.email is not None or any(actor.is_called(ref) for ref in refs):
        return refs
    found: list[PersonRef] = []
    for ref in refs:
        if "@" in ref:
            try:
                found.append(PersonRef(bot.slack.person(ref).id))
            except DeliveryError as error:
                if not error.permanent:
                    raise
    return (*refs, *found)


def _receipt(tx: Session, bot: Bot, request: OverageRequest) -> str:
    card = request_effects.card_of(tx, bot, request)
    return receipt(card).text


def _record(
    tx: Session,
    kind: str,
    actor: str,
    request: OverageRequest,
    now: datetime,
    data: dict[str, object],
) -> None:
    common: dict[str, object] = {
        "request": request.id,
        "requested_by": request.requester,
        "amount": request.amount,
        "until": request.ends_at.isoformat(),
        "as_of": request.figures.as_of.isoformat() if request.figures.as_of else None,
        "route": list(request.lists),
        "both": request.both,
        "policy_version": request.figures.policy_version,
    }
    audit.note(tx, kind, actor, request.budget, {**common, **data}, now)
