"""Targets that fail for long: how an outage is named, and what operators are told of it."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from bot.effects import messages
from bot.parts import Bot
from bot.render import target_notice
from store import outbox, target_states

DOWN_AFTER = timedelta(minutes=10)
_DOWN, _UP, _SECOND = "down", "up", "%Y%m%dT%H%M%S"


def subject(target: str) -> str:
    return f"target:{target}"


def down(target: str, since: datetime) -> str:
    """One outage of a target, whatever it is asked for and however often."""
    return f"{_DOWN}:{target}:{since.astimezone(UTC):{_SECOND}}"


def _is_down(key: str) -> bool:
    return key.startswith(f"{_DOWN}:")


def up(key: str) -> str:
    """The all-clear of an outage."""
    return f"{_UP}{key.removeprefix(_DOWN)}"


def _since(key: str) -> datetime:
    return datetime.strptime(key.rsplit(":", 1)[-1], _SECOND).replace(tzinfo=UTC)


def told_since(tx: Session, target: str, failing_since: datetime | None) -> datetime | None:
    """Since when a target fails, once people were told so."""
    if failing_since is None or outbox.find(tx, down(target, failing_since)) is None:
        return None
    return failing_since


def tell_down(tx: Session, bot: Bot, target: str, since: datetime, now: datetime) -> bool:
    """Once for an outage, however many budgets wait for the target; False when that was told."""
    key = down(target, since)
    if outbox.find(tx, key) is not None:
        return False
    waiting = target_states.failing_at(tx, target)
    budgets = [state.budget for state in waiting]
    error = next((state.error for state in waiting if state.error), "no reason given")
    zone = bot.policy.organization.time_zone
    told = target_notice.down(target, since, budgets, error, zone)
    return messages.tell_operators(tx, bot, key, told, now, subject=subject(target))


def tell_up(tx: Session, bot: Bot, target: str, now: datetime) -> bool:
    """The all-clear of the last outage that was told; False when there is none to give."""
    told = [e.key for e in outbox.about(tx, subject(target), messages.POST) if _is_down(e.key)]
    key = up(told[-1]) if told else None
    if key is None or outbox.find(tx, key) is not None:
        return False
    zone = bot.policy.organization.time_zone
    clear = target_notice.up(target, _since(told[-1]), now, zone)
    return messages.tell_operators(tx, bot, key, clear, now, subject=subject(target))
