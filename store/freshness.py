"""How old the figures of each source are at a moment, and which of them are blind."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.policy import Policy, SourcePolicy
from bot.domain.standings import Freshness
from bot.domain.usage import IMPORTED
from store import ledger, sources
from store.families import Family
from store.sources import SourceState


def by_source(tx: Session, policy: Policy, now: datetime) -> Mapping[str, Freshness]:
    """
    Every source that is polled.

    Also one that nobody marked blind is stale when its figures are too old at `now`, for when
    nothing has ticked for a while.
    """
    return {
        source.name: _freshness(source, sources.load(tx, source.name), now)
        for source in policy.sources
    }


def imported(tx: Session, families: Iterable[Family], now: datetime) -> Mapping[str, Freshness]:
    """Imported files: each is as fresh as its last row, and never stale."""
    files = {name for family in families for name in family.sources if is_imported(name)}
    ends = {name: ledger.ends_at(tx, name) for name in sorted(files)}
    return {name: Freshness(min(end, now), stale=False) for name, end in ends.items() if end}


def is_imported(source: str) -> bool:
    return source.startswith(IMPORTED)


def _freshness(source: SourcePolicy, state: SourceState, now: datetime) -> Freshness:
    if state.ok_at is None:
        reason = state.blind_reason or "no usage has been read yet"
        return Freshness(None, stale=True, blind_since=state.blind_since, reason=reason)
    as_of = state.estimated_until or state.refreshed_at or state.ok_at
    billed_to = state.refreshed_at if state.estimated_until else None
    if state.blind_since is not None:
        return Freshness(as_of, True, state.blind_since, state.blind_reason, billed_to)
    if now - as_of > source.stale_after:
        hours = (now - as_of) // timedelta(hours=1)
        why = f"the figures of {source.name} are {hours} hours old"
        return Freshness(as_of, True, as_of, why, billed_to)
    return Freshness(as_of, stale=False, billed_to=billed_to)
