"""What Anthropic's word on an increase request means: confirmed, refused, silent, elsewhere, gone."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.domain.increases import Increase, IncreaseState
from bot.effects import increases as effects
from bot.effects import messages
from bot.effects.outages import DOWN_AFTER
from bot.effects.recording import SYSTEM
from bot.parts import Bot
from bot.render.increase import decider_note, member_note
from bot.render.increase_notes import refused_note, silent_note
from store import increases

ANTHROPIC = "anthropic"


def confirmed(tx: Session, bot: Bot, increase_id: int, now: datetime) -> bool:
    """It holds there: only now do copies show a tick, and the member reads of it. False: known."""
    if not increases.confirm(tx, increase_id, now):
        return False
    increase = _load(tx, increase_id)
    effects.take_back(tx, increase, now)
    card = effects.show(tx, bot, increase, "confirmed", now)
    data: dict[str, object] = {"outcome": increase.state.value, "granted": increase.granted}
    effects.record(tx, bot, "increase.confirmed", ANTHROPIC, increase, now, data)
    key = f"{effects.subject(increase_id)}:member"
    told = [increase.member.account]  # None: not in Slack, and Anthropic's mail has to do
    messages.tell_people(tx, key, told, member_note(card), now, subject=key)
    return True


def elsewhere(tx: Session, bot: Bot, increase_id: int, said: str, now: datetime) -> bool:
    """Somebody was first in claude.ai; whoever decided it here reads that it came too late."""
    return _closed(tx, bot, increase_id, IncreaseState.ELSEWHERE, said, now)


def gone(tx: Session, bot: Bot, increase_id: int, said: str, now: datetime) -> bool:
    return _closed(tx, bot, increase_id, IncreaseState.GONE, said, now)


def refused(
    tx: Session, bot: Bot, increase_id: int, why: str, entry_id: int, now: datetime
) -> None:
    """As things are it is not carried out; an operator may send it again."""
    if not increases.refuse(tx, increase_id, why):
        return
    increase = _load(tx, increase_id)
    card = effects.show(tx, bot, increase, "refused", now)
    key = f"{effects.subject(increase_id)}:refused:{now.isoformat()}"
    note = refused_note(card, entry_id)
    messages.tell_operators(tx, bot, key, note, now, subject="undelivered")
    data: dict[str, object] = {"outcome": increase.state.value, "error": why}
    effects.record(tx, bot, "increase.refused", ANTHROPIC, increase, now, data)


def silent(tx: Session, bot: Bot, increase_id: int, error: str, now: datetime) -> None:
    """Anthropic did not take it just now; once that goes on, people are told, once."""
    increases.fail(tx, increase_id, now)
    increase = _load(tx, increase_id)
    since = increase.failing_since
    if since is None or now - since < DOWN_AFTER:
        return
    key = effects.silent_key(increase_id, since)
    card = replace(effects.card_of(tx, bot, increase), silent_since=since)
    note = silent_note(card, error)
    if messages.tell_operators(tx, bot, key, note, now, subject=key):
        effects.show(tx, bot, increase, "silent", now)


def _closed(
    tx: Session, bot: Bot, increase_id: int, how: IncreaseState, said: str, now: datetime
) -> bool:
    if not increases.close(tx, increase_id, how, said, now):
        return False
    increase = _load(tx, increase_id)
    effects.take_back(tx, increase, now)
    card = effects.show(tx, bot, increase, "closed", now)
    data: dict[str, object] = {"said": said, "decided_by": increase.decided_by}
    effects.record(tx, bot, f"increase.{how.value}", SYSTEM, increase, now, data)
    key = f"{effects.subject(increase_id)}:decider"
    messages.tell_people(tx, key, [increase.decided_by], decider_note(card), now, subject=key)
    return True


def _load(tx: Session, increase_id: int) -> Increase:
    increase = increases.load(tx, increase_id)
    if increase is None:
        raise LookupError(f"no increase request {increase_id}")
    return increase
