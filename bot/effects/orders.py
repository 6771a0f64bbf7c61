"""What enforcement targets are asked: outbox entries, and orders made of what is true when sent."""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.clients.enforcement import Order
from bot.domain.budgets import AtLimit, BudgetId
from bot.domain.limits import Cause, LimitState
from bot.domain.targets import WEBHOOK, Refs
from bot.parts import Bot, targets_of
from store import limits, target_states
from store.limits import HeldState
from store.outbox import Lane, NewEntry, OutboxEntry

KINDS = {WEBHOOK: "webhook.limit_state"}
NATIVE = "gateway.limit_state"


def subject(budget: str) -> str:
    return f"limit:{budget}"


def stream(budget: str, target: str) -> str:
    """Versions go to a target in order, and no target waits for another."""
    return subject(budget) if target == WEBHOOK else f"{subject(budget)}:{target}"


def key(budget: str, version: int, target: str = WEBHOOK) -> str:
    """The same on each retry of a version; the webhook's is the `webhook-id`."""
    whole = f"limit:{budget}:v{version}"
    return whole if target == WEBHOOK else f"{whole}:{target}"


def is_order(entry: OutboxEntry) -> bool:
    return entry.lane in {Lane.WEBHOOK, Lane.GATEWAY}


def target_of(entry: OutboxEntry) -> str:
    return str(entry.request.get("target", WEBHOOK))


def entry(
    state: LimitState, version: int, target: str, refs: Refs, body: Mapping[str, Any]
) -> NewEntry:
    """One version for one target."""
    return NewEntry(
        key=key(state.budget, version, target),
        stream=stream(state.budget, target),
        subject=subject(state.budget),
        lane=Lane.WEBHOOK if target == WEBHOOK else Lane.GATEWAY,
        kind=KINDS.get(target, NATIVE),
        request={
            "budget": state.budget,
            "version": version,
            "target": target,
            "refs": _listed(refs),
            "body": body,
        },
        priority=1 if state.cause is Cause.EXCEPTION else 3,
    )


def order(tx: Session, bot: Bot, sent: OutboxEntry, now: datetime) -> Order | None:
    """
    What an entry asks of its target; None when it is no longer so.

    A grant is not sent after its end: what holds then is the next version, and on its way.
    """
    budget = BudgetId(sent.request["budget"])
    target = target_of(sent)
    held = limits.load(tx, budget)
    if held is None or held.version != sent.request["version"] or is_over(held.state, now):
        return None
    refs: Refs | None
    if budget in bot.policy.tree.budgets:
        refs = targets_of(bot, budget).get(target)
    else:  # it left the policy file: what was decided before is still carried out
        refs = {name: tuple(values) for name, values in sent.request.get("refs", {}).items()}
    if refs is None:
        return None
    body = sent.request["body"]
    return _order(tx, bot, held, target, refs, body, force=bool(sent.request.get("force")))


def order_to_look(tx: Session, bot: Bot, held: HeldState, sent: OutboxEntry, refs: Refs) -> Order:
    """The order that was sent, to compare with what stands there."""
    return _order(tx, bot, held, target_of(sent), refs, sent.request["body"], force=False)


def is_renamed(sent: OutboxEntry, refs: Refs) -> bool:
    """The policy calls the budget something else there since then."""
    before = sent.request.get("refs")
    return before is not None and before != _listed(refs)


def is_over(state: LimitState, now: datetime) -> bool:
    return state.until is not None and state.until <= now


def _listed(refs: Refs) -> dict[str, list[str]]:
    return {name: list(values) for name, values in refs.items()}


def _keep(bot: Bot, budget: BudgetId, target: str, held: Mapping[str, object]) -> None:
    """In a transaction of its own, before the target is written to."""
    with bot.db.transaction() as tx:
        limits.load(tx, budget, lock=True)
        target_states.tried(tx, budget, target, held)


def _order(
    tx: Session,
    bot: Bot,
    held: HeldState,
    target: str,
    refs: Refs,
    body: Mapping[str, Any],
    *,
    force: bool,
) -> Order:
    state = held.state
    known = bot.policy.tree.budgets.get(state.budget)
    at_target = target_states.load(tx, state.budget, target)
    return Order(
        key=key(state.budget, held.version, target),
        budget=state.budget,
        version=held.version,
        mode=state.mode,
        at_limit=known.at_limit if known else AtLimit(body["data"]["at_limit"]),
        limit=state.limit,
        allocation=state.allocation,
        until=state.until,
        then=state.then,
        refs=refs,
        body=json.dumps(body, separators=(",", ":")).encode(),
        written=at_target.written,
        force=force,
        tried=at_target.tried,
        keep=partial(_keep, bot, state.budget, target),
    )
