"""Limit states that will be sent: what should be true, to every target of the budget."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from bot.domain.budgets import Budget, BudgetId
from bot.domain.grace import is_given, within
from bot.domain.limits import LimitState, Mode, desired, let_through
from bot.domain.money import Micros, usd
from bot.domain.standings import Standing
from bot.effects import orders, recording
from bot.effects.reach import Reach, reach
from bot.parts import Bot, targets_of
from store import graces, limits, outbox, raises, standings
from store.limits import HeldState


def hold(tx: Session, bot: Bot, standing: Standing, now: datetime) -> int | None:
    """
    Make the limit state follow the standing; the new version, or None when nothing changed.

    When something did, the budget's row is locked and the state worked out again: a raise that
    was committed in between would otherwise be taken back. Older versions that were not sent yet
    are superseded: an old limit must not arrive late.
    """
    budget = standing.budget.id
    held = limits.load(tx, budget)
    if held is not None:
        if wanted(tx, standing, held.state, now) == held.state:
            return None
        held = limits.load(tx, budget, lock=True)
    state = wanted(tx, standing, held.state if held else None, now)
    version = limits.change(tx, state, now) if state else None
    if state is not None and version is not None:
        send(tx, bot, state, version, standing, now)
        _note(tx, bot, held, state, version, standing, now)
    return version


def _note(
    tx: Session,
    bot: Bot,
    held: HeldState | None,
    state: LimitState,
    version: int,
    standing: Standing,
    now: datetime,
) -> None:
    data = {
        "version": version,
        "before": _told(held.state) if held else None,
        "after": _told(state),
        "cause": state.cause.value,
        "request": state.request,
        "approved_by": state.approved_by,
    }
    seen = {**recording.figures(standing), "stale": standing.freshness.stale}
    recording.note(
        tx, bot, "limit_state.changed", recording.SYSTEM, state.budget, {**seen, **data}, now
    )


def _told(state: LimitState) -> dict[str, Any]:
    return {
        "mode": state.mode.value,
        "limit": state.limit,
        "until": recording.iso(state.until),
        "grace_until": recording.iso(state.grace_until),
        "period": state.period.first_day.isoformat(),
    }


def wanted(
    tx: Session, standing: Standing, held: LimitState | None, now: datetime
) -> LimitState | None:
    """What should be true now; None for a budget without a limit."""
    if standing.allocation is None:
        return None
    # All raises, not only the live ones: what holds after the first ends is part of the state.
    state = desired(
        standing.allocation,
        raises.of_budget(tx, standing.budget.id),
        standing.period,
        standing.spent,
        standing.budget.at_limit,
        now,
    )
    if state.mode is not Mode.ALLOW and is_given(standing.budget):
        found = graces.find(tx, state.budget, state.period.first_day, state.limit)
        state = within(state, found[1] if found else None, now)
    if standing.freshness.stale and held is not None:
        return unless_blind(state, held)
    return state


def unless_blind(wanted: LimitState, held: LimitState) -> LimitState:
    """
    On stale figures the mode stays as it is: nobody is cut off, or let in, by a guess.

    A new period and a raised limit do not depend on the figures, so they open what was closed.
    """
    opened = wanted.period != held.period or wanted.limit > held.limit
    if opened and wanted.mode is Mode.ALLOW:
        return wanted
    if held.mode is not Mode.ALLOW:
        return replace(wanted, mode=held.mode, grace_until=None)
    same = (wanted.period, wanted.limit) == (held.period, held.limit)
    return let_through(wanted, wanted.grace_until or (held.grace_until if same else None))


def send(
    tx: Session, bot: Bot, state: LimitState, version: int, standing: Standing, now: datetime
) -> None:
    """Write the call of each target for a version; older ones that were not sent are superseded."""
    targets = targets_of(bot, state.budget)
    if not targets:
        return
    body = webhook_body(state, version, standing.spent, standing.budget, reach(tx), now)
    for target, refs in targets.items():
        entry = orders.entry(state, version, target, refs, body)
        outbox.supersede(tx, entry.stream, entry.key, now)
        outbox.add(tx, entry, now)


def again(
    tx: Session, bot: Bot, budget: BudgetId, target: str, now: datetime, *, force: bool = False
) -> str | None:
    """
    Say the current version to one target again, under its key and with the figures of now.

    None when the target has nothing to do with the budget any more. With `force` what somebody
    else has written there is written over.
    """
    held = limits.load(tx, budget, lock=True)
    refs = targets_of(bot, budget).get(target)
    standing = standings.of_budget(tx, bot.policy, budget, now)
    if held is None or refs is None or standing is None:
        return None
    to = reach(tx)
    body = webhook_body(held.state, held.version, standing.spent, standing.budget, to, now)
    entry = orders.entry(held.state, held.version, target, refs, body)
    request = {**entry.request, "force": True} if force else entry.request
    outbox.supersede(tx, entry.stream, entry.key, now)
    if not outbox.revive(tx, entry.key, now, request):
        outbox.add(tx, entry, now)
    return entry.key


def webhook_body(
    state: LimitState,
    version: int,
    spent: Micros,
    budget: Budget,
    to: Reach,
    now: datetime,
) -> dict[str, Any]:
    """The body of the webhook, absolute: what should be true now, and after `until`."""
    reason: dict[str, Any] = {"kind": state.cause.value}
    if state.request is not None:
        reason |= {"request": state.request, "approved_by": state.approved_by}
    workspace_ids, api_key_ids = to.of(budget)
    grace = {"grace_until": _iso(state.grace_until)} if state.grace_until else {}
    return {
        "type": "budget.limit_state",
        "timestamp": _iso(now),
        "data": {
            "budget": state.budget,
            "version": version,
            "mode": state.mode.value,
            "at_limit": budget.at_limit.value,
            "limit_usd": usd(state.limit),
            "allocation_usd": usd(state.allocation),
            "spent_usd": usd(spent),
            "period": {
                "starts_at": _iso(state.period.starts_at),
                "ends_at": _iso(state.period.ends_at),
            },
            "until": _iso(state.until) if state.until else None,
            "then": {"mode": state.then.mode.value, "limit_usd": usd(state.then.limit)}
            if state.then
            else None,
            "applies_to": {"workspace_ids": workspace_ids, "api_key_ids": api_key_ids},
            "reason": reason,
            **grace,
        },
    }


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
