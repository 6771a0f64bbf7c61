"""THE pipeline, top to bottom: poll, attribute, price, evaluate, decide, act."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.clients.usage import UsageSource
from bot.clients.usage.errors import SourceError, SourceRefused
from bot.domain.alerts import due_alert, figures_of
from bot.domain.attribution import attribute
from bot.domain.budgets import UNATTRIBUTED
from bot.domain.periods import period_at
from bot.domain.policy import SourcePolicy
from bot.domain.standings import RATE_WINDOW, Standing
from bot.domain.usage import Directory, Fetched, UsageRow, Window
from bot.effects import limits as limit_effects
from bot.effects import messages
from bot.effects import requests as request_effects
from bot.parts import Bot
from bot.render import notice
from bot.render.alert import alert_message
from store import (
    alerts,
    allocations,
    audit,
    ledger,
    limits,
    overages,
    raises,
    sources,
    standings,
)
from store.db import savepoint
from store.sources import SourceState

logger = logging.getLogger(__name__)
HOUR = timedelta(hours=1)
NAMES_FOR = timedelta(minutes=15)
NAMES_AGAIN = timedelta(minutes=2)  # when an id turns up that has no name
SYSTEM = "budget-bot"
Act = Callable[[Session, Bot, Standing, datetime], bool]


@dataclass(frozen=True, slots=True)
class Reading:
    """What polling one source brought: rows, names when they were read anew, or why not."""

    source: SourcePolicy
    before: SourceState
    fetched: Fetched | None
    names: Directory | None
    error: str | None


@dataclass(frozen=True, slots=True)
class TickReport:
    """What a tick did, for logs and the command line."""

    rows: int
    alerts: int
    limit_changes: int
    errors: tuple[str, ...]


def tick(bot: Bot, now: datetime) -> TickReport:
    """
    One turn: what the sources say now, what follows from it, and what has to be said or enforced.

    The network is asked first, with no transaction open; then everything is one transaction. A
    second tick at the same moment changes nothing.
    """
    readings = [_read(bot, source, now) for source in bot.policy.sources]
    with bot.db.transaction() as tx:
        for reading in readings:
            _take_in(tx, bot, reading, now)
        _apply_policy(tx, bot, now)
        found = standings.gather(tx, bot.policy, now)
        fired = sum(_one_budget(tx, _alert, bot, s, now) for s in found.values())
        changes = sum(_one_budget(tx, _enforce, bot, s, now) for s in found.values())
        for standing in found.values():
            _one_budget(tx, _end_raises, bot, standing, now)
    bot.wake()
    report = TickReport(
        rows=sum(len(r.fetched.rows) for r in readings if r.fetched),
        alerts=fired,
        limit_changes=changes,
        errors=tuple(r.error for r in readings if r.error),
    )
    logger.info(
        "tick done",
        extra={"action": "tick", "rows": report.rows, "alerts": fired, "limits": changes},
    )
    return report


def _read(bot: Bot, source: SourcePolicy, now: datetime) -> Reading:
    """Ask one source; whatever goes wrong there is that source's trouble alone."""
    with bot.db.transaction() as tx:
        state, known = sources.load(tx, source.name), sources.names(tx)
    client = bot.sources[source.name]
    try:
        fetched = client.fetch(window_to_read(bot, source, state, now), now)
        names = _read_names(client, fetched, state, known, now)
    except SourceError as error:
        logger.warning("source failed", extra={"action": "poll_failed", "source": source.name})
        return Reading(source, state, None, None, str(error))
    except Exception as error:
        logger.exception("source failed", extra={"action": "poll_failed", "source": source.name})
        why = f"{type(error).__name__} while reading it."
        return Reading(source, state, None, None, why)
    return Reading(source, state, fetched, names, None)


def _read_names(
    client: UsageSource, fetched: Fetched, state: SourceState, known: Directory, now: datetime
) -> Directory | None:
    """
    Names and tags behind the ids, when they may have changed; None: what is known stands.

    A key that may read usage but not names is told by the rules that match nothing; an outage
    matters only before the first time, because without names a row would land on the wrong budget.
    """
    age = now - state.names_read_at if state.names_read_at else None
    all_known = all(_is_known(row, known) for row in fetched.rows)
    if age is not None and age < (NAMES_FOR if all_known else NAMES_AGAIN):
        return None
    try:
        return client.directory()
    except SourceRefused:
        logger.warning("names refused", extra={"action": "names_refused", "source": state.name})
        return Directory() if state.names_read_at is None else None
    except SourceError:
        if state.names_read_at is None:
            raise
        return None


def _is_known(row: UsageRow, known: Directory) -> bool:
    return (row.workspace_id is None or row.workspace_id in known.workspaces) and (
        row.api_key_id is None or row.api_key_id in known.api_keys
    )


def window_to_read(bot: Bot, source: SourcePolicy, state: SourceState, now: datetime) -> Window:
    """
    The trailing window that is read again and replaced, in whole hours.

    The first time it is the whole current period, and the days the run rate needs. After an outage
    it begins one look-back before the last success, so that no hour is skipped.
    """
    needed = min(
        (period_at(now, b.cadence, b.time_zone).starts_at for b in bot.policy.tree), default=now
    )
    start = min(needed, now - RATE_WINDOW)
    if state.ok_at is not None and state.covered_from is not None and state.covered_from <= needed:
        start = min(state.ok_at, now) - source.lookback
    return Window(_floor(start), _floor(now) + HOUR)


def _take_in(tx: Session, bot: Bot, reading: Reading, now: datetime) -> None:
    """Replace the window in the ledger, and note how the source is doing."""
    state = sources.lock(tx, reading.source.name)
    if _overtaken(reading, state, now):
        return
    fetched, names = reading.fetched, reading.names
    if names is not None:
        sources.save_names(tx, state.name, names)
        state = replace(state, names_read_at=now)
    if fetched is not None:
        charges = attribute(
            fetched.rows, bot.policy.rules, sources.names(tx), otherwise=UNATTRIBUTED
        )
        ledger.replace(tx, state.name, fetched.window, charges)
        covered = state.covered_from or fetched.window.starts_at
        state = replace(
            state,
            ok_at=now,
            covered_from=min(covered, fetched.window.starts_at),
            refreshed_at=fetched.refreshed_at,
        )
    state = replace(state, polled_at=now)
    sources.save(tx, _watch(tx, bot, reading, state, now))


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
        audit.note(tx, "source.blind", SYSTEM, state.name, {"reason": reason}, now)
        return replace(state, blind_since=since, blind_reason=reason)
    if reason is None and state.blind_since is not None:
        told = notice.sees_again(state.name, state.blind_since, now, zone)
        key = f"sees:{state.name}:{state.blind_since.isoformat()}"
        messages.tell_operators(tx, bot, key, told, now, subject=f"source:{state.name}")
        audit.note(tx, "source.clear", SYSTEM, state.name, {}, now)
        return replace(state, blind_since=None, blind_reason=None)
    return state


def _standing_still(source: SourcePolicy, state: SourceState, now: datetime) -> str | None:
    if state.refreshed_at is None or now - state.refreshed_at <= source.stale_after:
        return None
    hours = (now - state.refreshed_at) // HOUR
    return f"it answers, but its data stand still for {hours} hours."


def _apply_policy(tx: Session, bot: Bot, now: datetime) -> None:
    """A limit that is new in the policy file is a new revision of the allocation."""
    wanted = {b.id: b.limit for b in bot.policy.tree if b.limit is not None}
    for before, after in allocations.apply_file(tx, wanted, bot.policy.version, now):
        audit.note(
            tx,
            "allocation.revised",
            SYSTEM,
            after.budget,
            {
                "before": before.limit if before else None,
                "after": after.limit,
                "revision": after.revision,
                "policy_version": bot.policy.version,
            },
            now,
        )


def _one_budget(tx: Session, act: Act, bot: Bot, standing: Standing, now: datetime) -> bool:
    """What goes wrong with one budget is undone and logged; the others go on."""
    try:
        with savepoint(tx):
            return act(tx, bot, standing, now)
    except Exception:
        logger.exception(
            "budget failed", extra={"action": "budget_failed", "budget": standing.budget.id}
        )
        return False


def _alert(tx: Session, bot: Bot, standing: Standing, now: datetime) -> bool:
    """Fire the one alert that is due, if any: its row and its DM, in this transaction."""
    budget, limit = standing.budget, standing.limit
    if limit is None:
        return False
    sent = alerts.sent_stages(tx, budget.id, standing.period.first_day, limit)
    alert = due_alert(standing, sent)
    if alert is None:
        return False
    figures = figures_of(alert, bot.policy, now)
    alert_id = alerts.record(tx, alert, figures, now)
    if alert_id is None:
        return False
    messages.post(
        tx,
        alert.key,
        {"person": budget.owner},
        alert_message(alert_id, figures),
        now,
        subject=f"alert:{alert_id}",
        stream=f"budget:{budget.id}",
        priority=5 - alert.stage,
        instead=budget.backup,
    )
    audit.note(
        tx,
        "alert.fired",
        SYSTEM,
        alert.key,
        {
            "stage": alert.stage.word,
            "reason": alert.reason.value,
            "owner": budget.owner,
            "spent": standing.spent,
            "limit": limit,
            "policy_version": bot.policy.version,
        },
        now,
    )
    return True


def _enforce(tx: Session, bot: Bot, standing: Standing, now: datetime) -> bool:
    """
    Keep the limit state in step.

    On stale figures the limit still follows allocations and raises, but nobody is cut off, and
    nobody let in again, by a spend that may be wrong.
    """
    version = limit_effects.hold(tx, bot, standing, now)
    if version is not None:
        data = {"version": version, "limit": standing.limit, "spent": standing.spent}
        audit.note(tx, "limit_state.changed", SYSTEM, standing.budget.id, data, now)
    return version is not None


def _end_raises(tx: Session, bot: Bot, standing: Standing, now: datetime) -> bool:
    """Act on raises that the clock has ended: note which version takes them back, and tell."""
    ended = [r for r in raises.ended_unnoted(tx, now) if r.raised.budget == standing.budget.id]
    # The row is locked, so the target's answer to this version comes before or after, not between.
    held = limits.load(tx, standing.budget.id, lock=True) if ended else None
    version = held.version if held else None
    for record in ended:
        if not raises.note_end(tx, record.raised.request, version, now):
            continue
        request = overages.load(tx, record.raised.request)
        if request is None:
            continue
        data = {"request": request.id, "limit": standing.limit, "version": version}
        audit.note(tx, "exception.ended", SYSTEM, standing.budget.id, data, now)
        if bot.target is None:
            request_effects.tell_progress(tx, bot, request, now, "ended", lifted=False)
        else:
            request_effects.show_outcome(tx, bot, request, now, "ended")
    if held is not None and held.confirmed:
        # Somebody else's raise came between the end and this turn: the target has answered already.
        request_effects.tell_confirmed(tx, bot, standing.budget.id, held.version, now)
    return bool(ended)


def _floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
