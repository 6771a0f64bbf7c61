"""What somebody else wrote at a target: left as it is, told, and written over only when asked."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.clients.enforcement import Edited, Held
from bot.domain.budgets import BudgetId
from bot.effects import messages, orders, recording
from bot.effects import requests as request_effects
from bot.effects.following import follow
from bot.parts import Bot
from bot.render import target_notice
from store import target_states
from store.outbox import OutboxEntry


def found(tx: Session, bot: Bot, entry: OutboxEntry, answer: Edited, now: datetime) -> None:
    """
    The operators read what stands there and what was expected, once for a version and a value.

    The entry has been left by the caller, who holds the lock of the limit state.
    """
    budget, target = BudgetId(entry.request["budget"]), orders.target_of(entry)
    target_states.edit(tx, budget, target, answer.held, answer.text, now)
    follow(tx, bot, budget, now)
    told = target_notice.edited(budget, target, answer.text, entry.id)
    key = f"edited:{entry.key}:{_digest(answer.held)}"
    messages.tell_operators(tx, bot, key, told, now, subject=f"edited:{budget}:{target}")
    data: dict[str, Any] = {
        "version": entry.request["version"],
        "target": target,
        "found": dict(answer.held),
        "text": answer.text,
    }
    recording.note(tx, bot, "limit_state.edited", recording.TARGET, budget, data, now)
    request_effects.show_waiting(tx, bot, budget, now)


def _digest(held: Held) -> str:
    text = json.dumps(held, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
