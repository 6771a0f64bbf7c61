"""Which hours of a source are read again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.periods import period_at
from bot.domain.policy import Policy, SourcePolicy
from bot.domain.standings import RATE_WINDOW
from bot.domain.usage import Fetched, Window
from store.sources import SourceState

HOUR = timedelta(hours=1)
MANY_ROWS = 5_000  # a look-back with more is not read every time
FULL_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Planned:
    """A window, and whether it is the whole look-back or only its newest hours."""

    window: Window
    full: bool


def window_to_read(
    policy: Policy, source: SourcePolicy, state: SourceState, now: datetime
) -> Planned:
    """
    The trailing window that is read again and replaced, in whole hours.

    The first time it is the whole current period, and the days the run rate needs. After an outage
    it begins one look-back before the last success, so that no hour is skipped. Where a look-back
    is large it is read every quarter of an hour, and in between only the hours that are still
    filling: Anthropic's reports are asked about once a second, not a hundred times a minute.
    """
    needed = min(
        (period_at(now, cadence, zone).starts_at for cadence, zone in policy.tree.calendars),
        default=now,
    )
    ends_at = _floor(now) + HOUR
    if state.ok_at is None or state.covered_from is None or state.covered_from > needed:
        return Planned(Window(_floor(min(needed, now - RATE_WINDOW)), ends_at), full=True)
    last = min(state.ok_at, now)
    if _is_large(state) and not _full_is_due(state, now):
        filling = min(last, state.refreshed_at or last) - HOUR
        start = max(filling, last - source.lookback)
        return Planned(Window(_floor(start), ends_at), full=False)
    return Planned(Window(_floor(last - source.lookback), ends_at), full=True)


def within(fetched: Fetched, window: Window) -> Fetched | None:
    """
    The part of an answer that was asked for; None when there is none.

    Some sources answer for whole UTC days. Their edges would cut through local days, which may be
    kept as one by now.
    """
    starts_at = max(window.starts_at, fetched.window.starts_at)
    ends_at = min(window.ends_at, fetched.window.ends_at)
    if starts_at >= ends_at:
        return None
    rows = tuple(row for row in fetched.rows if starts_at <= row.starts_at < ends_at)
    return replace(fetched, window=Window(starts_at, ends_at), rows=rows)


def _is_large(state: SourceState) -> bool:
    return state.full_read_rows > MANY_ROWS


def _full_is_due(state: SourceState, now: datetime) -> bool:
    return state.full_read_at is None or now - state.full_read_at >= FULL_AGAIN


def _floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
