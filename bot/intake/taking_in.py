"""Taking in what was read: attributed, replaced in the ledger, and watched for blindness."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.attribution import attribute
from bot.domain.budgets import UNATTRIBUTED
from bot.domain.policy import SourcePolicy
from bot.domain.usage import Fetched
from bot.effects import messages
from bot.intake.polling import Reading
from bot.parts import Bot
from bot.render import notice
from store import (
    audit,
    ledger,
    sources,
)
from store.sources import SourceState

HOUR = timedelta(hours=1)


def take_in(tx: Session, bot: Bot, reading: Reading, now: datetime) -> None:
    """Replace the window in the ledger, and note how the source is doing."""
    state = sources.lock(tx, reading.source.name)
    if _overtaken(reading, state, now):
        return
    fetched, names = reading.fetched, reading.names
    if names is not None:
        sources.save_names(tx, state.name, names)
        state = replace(state, names_read_at=now)
    if fetched is not None:
        replace_window(tx, bot, state.name, fetched, now)
        covered = state.covered_from or fetched.window.starts_at
        state = replace(
            state,
            ok_at=now,
            covered_from=min(covered, fetched.window.starts_at),
            refreshed_at=fetched.refreshed_at,
            estimated_until=fetched.estimated_until,
        )
    state = replace(state, polled_at=now)
    sources.save(tx, _watch(tx, bot, reading, state, now))


def replace_window(
    tx: Session,
    bot: Bot,
    source: str,
    fetched: Fetched,
    now: datetime,  # noqa: ARG001 revisions
) -> None:
    """
    Make the ledger say of a window what the source says now; whoever calls holds `sources.lock`.

    Names that were read with the window have to be saved before.
    """
    charges = attribute(fetched.rows, bot.policy.rules, sources.names(tx), otherwise=UNATTRIBUTED)
    ledger.replace(tx, source, fetched.window, charges)


def _overtaken(reading: Reading, state: SourceState, now: datetime) -> bool:
    """Whether another replica has read the source meanwhile, and later than we did."""
    if state.polled_at is None or state.polled_at == reading.before.polled_at:
        return False
    return state.polled_at > now


def _watch(
    tx: Session, bot: Bot, reading: Reading, state: SourceState, now: datetime
) -> SourceState:
    """Blind or not: told once when it begins, once when it is over."""
    zone = bot.policy.organization.time_zone
    still = _standing_still(reading.source, state, now)
    reason = reading.error or still
    if reason is not None and state.blind_since is None:
        since = state.refreshed_at if still and state.refreshed_at else now
        told = notice.blind(state.name, since, reason, zone)
        key = f"blind:{state.name}:{since.isoformat()}"
        messages.tell_operators(tx, bot, key, told, now, subject=f"source:{state.name}")
        audit.note(tx, "source.blind", audit.SYSTEM, state.name, {"reason": reason}, now)
        return replace(state, blind_since=since, blind_reason=reason)
    if reason is None and state.blind_since is not None:
        told = notice.sees_again(state.name, state.blind_since, now, zone)
        key = f"sees:{state.name}:{state.blind_since.isoformat()}"
        messages.tell_operators(tx, bot, key, told, now, subject=f"source:{state.name}")
        audit.note(tx, "source.clear", audit.SYSTEM, state.name, {}, now)
        return replace(state, blind_since=None, blind_reason=None)
    return state


def _standing_still(source: SourcePolicy, state: SourceState, now: datetime) -> str | None:
    if state.refreshed_at is None or now - state.refreshed_at <= source.stale_after:
        return None
    hours = (now - state.refreshed_at) // HOUR
    return f"it answers, but its data stand still for {hours} hours."
