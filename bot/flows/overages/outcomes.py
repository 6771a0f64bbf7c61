"""Outcomes of overage requests: one for each, and all that follows from it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

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
from bot.effects import requests as request_effects
from bot.parts import Bot
from bot.render.blocks import moment
from bot.render.blocks import people as names_of
from store import audit, limits, overages, raises, standings

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
) -> OverageRequest | None:
    """The outcome and all that follows from it, in the caller's transaction; None: too late."""
    standing = standings.of_budget(tx, bot.policy, request.budget, now)
    granted = (terms or request.asked) if outcome is RequestState.APPROVED else None
    figures = figures_of(standing, bot.policy.version) if standing else request.figures
    if not overages.settle(tx, request.id, outcome, deciders, reason, granted, figures, now):
        return None
    closed = load(tx, request.id)
    after = _raise_limit(tx, bot, closed, deciders, now) if granted else figures.limit
    record(
        tx,
        f"request.{outcome.value}",
        deciders[0] if deciders else audit.SYSTEM,
        closed,
        now,
        {
            "decided_by": list(deciders),
            "reason": reason,
            "granted": closed.granted,
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
        request.budget, request.id, request.granted, now, request.until, deciders[-1]
    )
    raises.add(tx, raised, request.donor)
    limits.load(tx, request.budget, lock=True)  # a tick that holds it brings newer figures
    standing = standings.gather(tx, bot.policy, now, [request.budget])[request.budget]
    version = limit_effects.hold(tx, bot, standing, now)
    if version is None:
        held = limits.load(tx, request.budget)
        version = held.version if held else 1
    raises.carried_by(tx, request.id, version)
    return standing.limit or ZERO


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
        "until": request.until.isoformat(),
        "as_of": request.figures.as_of.isoformat() if request.figures.as_of else None,
        "route": list(request.lists),
        "both": request.both,
        "policy_version": request.figures.policy_version,
    }
    audit.note(tx, kind, actor, request.budget, {**common, **data}, now)
