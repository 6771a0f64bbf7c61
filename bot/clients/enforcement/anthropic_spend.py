"""What should happen to the spend limits that a budget names."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.clients.enforcement.anthropic_record import CLOSED, Record, Scope
from bot.clients.enforcement.anthropic_steps import SetSpend, Verdict
from bot.clients.enforcement.orders import Order
from bot.domain.budgets import AtLimit
from bot.domain.money import MICROS_PER_CENT, Micros, dollars, micros_from_cents

NO_WRITES = "this organization has no spend-limit writes; keys and rate limits are used"


def cents(limit: Micros) -> str:
    """Whole cents as a string, rounded down: a limit is never more than was granted."""
    return str(limit // MICROS_PER_CENT)


def judge_spend(
    verdict: Verdict,
    order: Order,
    scopes: Sequence[Scope],
    found: Mapping[Scope, str | None] | None,
    known: Record,
) -> dict[Scope, tuple[str, ...]]:
    """
    The limit in dollars, absolute; `found` is None where the organization cannot have any.

    On the first contact it is written whatever stands there, for it was named for that. Later any
    amount that the bot never wrote was written by somebody else.
    """
    if not scopes:
        return {}
    if found is None:
        verdict.notes.append(NO_WRITES)
        return {scope: (CLOSED, *known.spend.get(scope, ())) for scope in scopes}
    wanted = cents(order.limit)
    held: dict[Scope, tuple[str, ...]] = {}
    for scope in scopes:
        amount = found.get(scope)
        ours = tuple(each for each in known.spend.get(scope, ()) if each != CLOSED)
        held[scope] = _first(amount, ours) if amount in (wanted, *ours) else ours
        if amount == wanted:
            continue
        if ours and amount not in ours and not order.force:
            verdict.edits.append(
                f"the spend limit of {scope[0]} {scope[1]} is {_said(amount)} instead of "
                f"{dollars(order.limit)}: somebody changed it"
            )
        else:
            verdict.steps.append(SetSpend(scope, wanted))
    verdict.notes += _explain(order)
    return held


def _first(amount: str | None, ours: Sequence[str]) -> tuple[str, ...]:
    rest = (each for each in ours if each != amount)
    return (*(() if amount is None else (amount,)), *rest)


def is_closed(scopes: Sequence[Scope], known: Record) -> bool:
    """Whether the last write found that the organization has no spend-limit writes."""
    return bool(scopes) and all(CLOSED in known.spend.get(scope, ())[:1] for scope in scopes)


def _explain(order: Order) -> list[str]:
    notes = []
    if order.at_limit is not AtLimit.BLOCK:
        notes.append(f"a spend limit blocks by itself, although at_limit is {order.at_limit}")
    if not _is_month(order.body):
        notes.append("Anthropic counts a spend limit by calendar month, the budget does not")
    return notes


def _is_month(body: bytes) -> bool:
    """Whether the budget's period is a month long; Anthropic's begins on the 1st, 00:00 UTC."""
    try:
        period = json.loads(body)["data"]["period"]
        starts_at, ends_at = (datetime.fromisoformat(period[n]) for n in ("starts_at", "ends_at"))
    except (ValueError, KeyError, TypeError):
        return True
    hour = timedelta(hours=1)  # of daylight saving
    return timedelta(days=28) - hour <= ends_at - starts_at <= timedelta(days=31) + hour


def _said(amount: str | None) -> str:
    return "not set" if amount is None else dollars(micros_from_cents(amount))
