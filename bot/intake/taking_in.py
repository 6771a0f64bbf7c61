"""Taking in what was read: attributed, replaced in the ledger, and watched for blindness."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.attribution import attribute
from bot.domain.budgets import UNATTRIBUTED
from bot.domain.money import Micros, dollars
from bot.domain.policy import Basis, SourcePolicy
from bot.domain.revisions import is_unknown_zero
from bot.domain.usage import Directory, Fetched, NamedActor, UsageRow
from bot.effects import messages, recording
from bot.intake import bills, revisions
from bot.intake.people import among_people
from bot.intake.polling import Reading
from bot.parts import Bot
from bot.render import notice
from store import (
    compaction,
    directory,
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
    fetched, names, trouble = reading.fetched, reading.names, reading.error
    if names is not None:
        directory.save(tx, state.name, names)
        state = replace(state, names_read_at=now)
    if fetched is not None:
        trouble = _doubt(tx, bot, state.name, fetched)
    if fetched is not None and trouble is None:
        replace_window(tx, bot, state.name, fetched, now)
        state = _after(state, reading, fetched, now)
    state = replace(state, polled_at=now)
    sources.save(tx, _watch(tx, bot, reading.source, trouble, state, now))


def replace_window(tx: Session, bot: Bot, source: str, fetched: Fetched, now: datetime) -> None:
    """
    Make the ledger say of a window what the source says now; whoever calls holds `sources.lock`.

    Names that were read with the window have to be saved before. What this changes in periods that
    are over, and how good the estimates were that a bill replaces, is noted.
    """
    window, basis = fetched.window, bot.policy.basis
    names = directory.behind(tx, fetched.rows)
    if met := _people_met(fetched.rows, names):
        directory.save(tx, source, Directory(actors=met))
    rows = among_people(tx, bot, window, fetched.rows, names)
    charges = attribute(rows, bot.policy.rules_by_name, names, otherwise=UNATTRIBUTED)
    covered_from = sources.load(tx, source).covered_from
    known = covered_from is not None and covered_from <= window.starts_at
    settled = revisions.of_window(tx, bot, source, window, now) if known else {}
    estimated = bills.estimated_hours(tx, source, window, basis)
    if not ledger.replace(tx, source, window, charges):
        return
    compaction.begin_again(tx, source, window.starts_at)
    if known:
        after = revisions.of_window(tx, bot, source, window, now)
        revisions.note(tx, bot, source, settled, after, now)
    bills.note(tx, source, estimated, fetched, basis)


def _people_met(rows: Iterable[UsageRow], names: Directory) -> dict[str, NamedActor]:
    """
    People whose e-mail a row tells and no list has told.

    A key that may not list users meets them here, so that their spend stays where it is when the
    account is deleted and the rows lose the address.
    """
    met: dict[str, NamedActor] = {}
    for actor in {row.actor for row in rows if row.actor is not None}:
        if actor.kind != "user_actor" or actor.email is None or actor.id == actor.email:
            continue
        known = names.actors.get(actor.id)
        if known is None or known.email is None:
            met[actor.id] = NamedActor(actor.id, actor.name or actor.email, actor.email)
    return met


def unknown_zero(tx: Session, bot: Bot, source: str, fetched: Fetched) -> Micros | None:
    """What the hours cost that a source now says nothing of; None when the answer is believed."""
    net = bot.policy.basis is Basis.NET
    answered = Micros(sum(row.net if net else row.list for row in fetched.rows))
    held = ledger.held(tx, source, fetched.window, bot.policy.basis)
    return held.amount if is_unknown_zero(held, answered) else None


def _doubt(tx: Session, bot: Bot, source: str, fetched: Fetched) -> str | None:
    """Why the answer is not believed; None when it is."""
    cost = unknown_zero(tx, bot, source, fetched)
    if cost is None:
        return None
    since = fetched.window.starts_at
    return (
        f"it says $0 for the hours since {since:%Y-%m-%d %H:%MZ}, which cost "
        f"{dollars(cost)} before: that is unknown, not zero. If it is true: "
        f"budget-bot backfill --since {since:%Y-%m-%d}."
    )


def _after(state: SourceState, reading: Reading, fetched: Fetched, now: datetime) -> SourceState:
    covered = state.covered_from or fetched.window.starts_at
    state = replace(
        state,
        ok_at=now,
        covered_from=min(covered, fetched.window.starts_at),
        refreshed_at=fetched.refreshed_at,
        estimated_until=fetched.estimated_until or _still_estimated(state, fetched),
    )
    if reading.full:
        state = replace(state, full_read_at=now, full_read_rows=len(fetched.rows))
    return state


def _still_estimated(state: SourceState, fetched: Fetched) -> datetime | None:
    """Where the last estimate ends, when the answer left those hours alone."""
    until = state.estimated_until
    return until if until is not None and fetched.window.ends_at < until else None


def _overtaken(reading: Reading, state: SourceState, now: datetime) -> bool:
    """Whether another replica has read the source meanwhile, and later than we did."""
    if state.polled_at is None or state.polled_at == reading.before.polled_at:
        return False
    return state.polled_at > now


def _watch(
    tx: Session,
    bot: Bot,
    source: SourcePolicy,
    trouble: str | None,
    state: SourceState,
    now: datetime,
) -> SourceState:
    """Blind or not: told once when it begins, once when it is over."""
    zone = bot.policy.organization.time_zone
    still = _standing_still(source, state, now)
    reason = trouble or still
    if reason is not None and state.blind_since is None:
        since = (still and (state.estimated_until or state.refreshed_at)) or now
        told = notice.blind(state.name, since, reason, zone)
        key = f"blind:{state.name}:{since.isoformat()}"
        messages.tell_operators(tx, bot, key, told, now, subject=f"source:{state.name}")
        data = {"reason": reason, "since": recording.iso(since)}
        recording.note(tx, bot, "source.blind", recording.SYSTEM, state.name, data, now)
        return replace(state, blind_since=since, blind_reason=reason)
    if reason is None and state.blind_since is not None:
        told = notice.sees_again(state.name, state.blind_since, now, zone)
        key = f"sees:{state.name}:{state.blind_since.isoformat()}"
        messages.tell_operators(tx, bot, key, told, now, subject=f"source:{state.name}")
        was = {"reason": state.blind_reason, "since": recording.iso(state.blind_since)}
        recording.note(tx, bot, "source.clear", recording.SYSTEM, state.name, was, now)
        return replace(state, blind_since=None, blind_reason=None)
    return state


def _standing_still(source: SourcePolicy, state: SourceState, now: datetime) -> str | None:
    newest = state.estimated_until or state.refreshed_at
    if newest is None or now - newest <= source.stale_after:
        return None
    hours = (now - newest) // HOUR
    return f"it answers, but its data have stood still for {hours} hours."
