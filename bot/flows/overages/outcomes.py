"""Outcomes of overage requests: one for each, and all that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.domain.budgets import BudgetId
from bot.domain.errors import UserError
from bot.domain.limits import TemporaryRaise
from bot.domain.money import ZERO, Micros
from bot.domain.overages import (
    OverageRequest,
    RequestState,
    Terms,
    figures_of,
)
from bot.domain.people import Refusal
from bot.effects import limits as limit_effects
from bot.effects import recording
from bot.effects import requests as request_effects
from bot.effects.recording import Seen
from bot.flows.overages.clicks import AS_IT_IS, Click
from bot.parts import Bot
from bot.render.blocks import moment
from bot.render.blocks import people as names_of
from store import limits, overages, raises, standings

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


def close(
    tx: Session,
    bot: Bot,
    request: OverageRequest,
    outcome: RequestState,
    deciders: tuple[str, ...],
    reason: str | None,
    now: datetime,
    terms: Terms | None = None,
    click: Click = AS_IT_IS,
) -> OverageRequest | None:
    """The outcome and all that follows from it, in the caller's transaction; None: too late."""
    standing = standings.of_budget(tx, bot.policy, request.budget, now)
    granted = (terms or request.asked) if outcome is RequestState.APPROVED else None
    figures = figures_of(standing, bot.policy.version) if standing else request.figures
    if not overages.settle(
        tx, request.id, outcome, deciders, reason, granted, figures, now, click.place
    ):
        return None
    closed = load(tx, request.id)
    after = _raise_limit(tx, bot, closed, deciders, now) if granted else figures.limit
    record(
        tx,
        bot,
        f"request.{outcome.value}",
        deciders[0] if deciders else recording.SYSTEM,
        closed,
        now,
        {
            "decided_by": list(deciders),
            "asked_reason": closed.reason,
            "reason": reason,
            "granted": closed.granted,
            "asked_until": recording.iso(closed.ends_at),
            "before": {"state": request.state.value, "limit": figures.limit},
            "after": {"state": closed.state.value, "limit": after},
            **click.origin,
        },
        figures,
    )
    request_effects.tell_outcome(tx, bot, closed, now)
    return closed


def _raise_limit(
    tx: Session, bot: Bot, request: OverageRequest, deciders: tuple[str, ...], now: datetime
) -> Micros:
    """
    The exception, and the limit states that carry it; the effective limit afterwards.

    In a transfer the giving budget's limit falls in the same transaction.
    """
    raised = TemporaryRaise(
        request.budget, request.id, request.granted, now, request.until, deciders[-1]
    )
    raises.add(tx, raised, request.donor)
    concerned = lock_limits(tx, request)  # a tick that holds one brings newer figures
    standing = standings.gather(tx, bot.policy, now, concerned)
    for budget in concerned:
        if budget not in standing:
            continue
        version = limit_effects.hold(tx, bot, standing[budget], now)
        if budget == request.budget:
            raises.carried_by(tx, request.id, version or _held_version(tx, budget))
    return standing[request.budget].limit or ZERO


def lock_limits(tx: Session, request: OverageRequest) -> list[BudgetId]:
    """
    The limit states that an approval changes, in one order everywhere.

    Held from the moment it is checked whether there is room, so that two approvals do not both
    find the same room.
    """
    concerned = sorted({request.budget, request.donor or request.budget})
    for budget in concerned:
        limits.load(tx, budget, lock=True)
    return concerned


def _held_version(tx: Session, budget: BudgetId) -> int:
    held = limits.load(tx, budget)
    return held.version if held else 1


def load(tx: Session, request_id: int, *, lock: bool = False) -> OverageRequest:
    request = overages.load(tx, request_id, lock=lock)
    if request is None:
        raise UserError(GONE)
    return request


def why_over(tx: Session, bot: Bot, request: OverageRequest, now: datetime) -> NotDecided | None:
    """Why there is nothing to decide any more: who decided and when, or that time is up."""
    if request.state is not RequestState.PENDING:
        return lost(tx, bot, request, now)
    if request.expires_at <= now:
        zone = bot.policy.organization.time_zone
        return NotDecided(
            f"Request #{request.id} expired {moment(request.expires_at, zone)}. "
            "If it is still needed, it has to be asked for again."
        )
    if request.ends_at <= now:
        return NotDecided(f"Request #{request.id} was for a time that is over.")
    return None


def lost(tx: Session, bot: Bot, request: OverageRequest, now: datetime) -> NotDecided:
    current = load(tx, request.id)
    zone = bot.policy.organization.time_zone
    by = f" by {names_of(current.decided_by)}" if current.decided_by else ""
    at = moment(current.decided_at or now, zone)
    return NotDecided(f"Request #{current.id} was {current.state.value} already{by}, {at}.")


def record(
    tx: Session,
    bot: Bot,
    kind: str,
    actor: str,
    request: OverageRequest,
    now: datetime,
    data: Mapping[str, object],
    seen: Seen | None = None,
) -> None:
    """A row about a request: with the figures that it was asked on, unless newer ones were seen."""
    common: dict[str, object] = {
        "request": request.id,
        "request_kind": request.kind.value,
        "requested_by": request.requester,
        "amount": request.amount,
        "until": recording.iso(request.until),
        "asked_as_of": recording.iso(request.figures.as_of),
        "asked_policy_version": request.figures.policy_version,
        "route": list(request.lists),
        "both": request.both,
        "revision": request.revision,
        "funding": request.funding.kind.value if request.funding else None,
        "taken_from": request.donor,
    }
    seen = seen or request.figures
    recording.note(tx, bot, kind, actor, request.budget, {**common, **data}, now, seen)


def refuse(
    tx: Session,
    bot: Bot,
    what: str,
    actor: str,
    request: OverageRequest,
    refused: NotDecided,
    now: datetime,
    click: Click = AS_IT_IS,
) -> NotDecided:
    """A click on a request that changed nothing is a row, too."""
    about = {"request": request.id, **click.origin}
    recording.refused(tx, bot, what, actor, request.budget, refused.text, now, **about)
    return refused
