"""Reminders of requests that nobody has decided: after a while, then after twice as long each."""

from datetime import datetime, timedelta

from bot.domain.overages import OverageRequest, RequestState
from bot.effects import deciders
from bot.effects.recording import SYSTEM, iso
from bot.flows.overages.outcomes import load, record
from bot.parts import Bot
from store import overages


def remind(bot: Bot, now: datetime) -> int:
    """Send what is due; how many requests somebody was reminded of."""
    with bot.db.transaction() as tx:
        due = overages.due_for_reminder(tx, now)
    sent = sum(_remind(bot, request_id, now) for request_id in due)
    if sent:
        bot.wake()
    return sent


def _remind(bot: Bot, request_id: int, now: datetime) -> bool:
    """One request, its row locked: of two replicas the second finds the next reminder's time."""
    with bot.db.transaction() as tx:
        request = load(tx, request_id, lock=True)
        if not _is_due(request, now):
            return False
        budget = bot.policy.tree.budgets.get(request.budget)
        first = budget.overage.remind_after if budget else timedelta()
        then = next_reminder(request, first, now)
        overages.note_reminder(tx, request, then)
        if budget is None:
            return False  # it cannot be decided any more, only expire
        deciders.remind(tx, bot, request, budget, then, now)
        data = {"reminder": request.reminded + 1, "next": iso(then)}
        record(tx, bot, "request.reminded", SYSTEM, request, now, data)
        return True


def next_reminder(request: OverageRequest, first: timedelta, now: datetime) -> datetime | None:
    """After twice as long as the time before the last one; None: it expires before that."""
    doubled = first * 2 ** min(request.reminded + 1, 20)
    then = now + doubled
    return then if doubled and then < request.expires_at else None


def _is_due(request: OverageRequest, now: datetime) -> bool:
    return (
        request.state is RequestState.PENDING
        and request.remind_at is not None
        and request.remind_at <= now < request.expires_at
    )
