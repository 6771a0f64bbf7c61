"""Reconciliation: the ledger against what the source itself sums, and estimates against bills."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session

from bot.clients.usage import Totals
from bot.clients.usage.errors import SourceError
from bot.domain.money import ZERO, Micros, usd
from bot.domain.policy import Basis
from bot.domain.reconciliation import drifts, misses
from bot.domain.usage import Window
from bot.effects import messages, recording
from bot.parts import Bot
from bot.render import notice
from store import day_checks, ledger, sources
from store.day_checks import DayCheck

logger = logging.getLogger(__name__)
DAY = timedelta(days=1)
DAYS_BACK = 7
AGAIN = timedelta(hours=12)
BILLED_AFTER = timedelta(days=2)  # by then the hours of a day that were estimated are billed


def reconcile(bot: Bot, now: datetime) -> list[DayCheck]:
    """
    Compare the last days that are over, each source with its own total; what was compared.

    A difference is told when two looks at the same day, half a day apart, have found it: the
    poll and the second pass heal most of them in between.
    """
    checked: list[DayCheck] = []
    for policy in bot.policy.sources:
        client = bot.sources.get(policy.name)
        if not isinstance(client, Totals):
            continue
        window = _window_due(bot, policy.name, now)
        if window is None:
            continue
        try:
            totals = client.totals(window, now)
        except SourceError as error:
            logger.warning(
                "source was not reconciled",
                extra={"action": "reconcile_failed", "source": policy.name, "error": str(error)},
            )
            continue
        net = bot.policy.basis is Basis.NET
        amounts = {total.day: total.net if net else total.list for total in totals}
        with bot.db.transaction() as tx:
            checked += _compare(tx, bot, policy.name, window, amounts, now)
    with bot.db.transaction() as tx:
        _judge_estimates(tx, bot, now)
    return checked


def _window_due(bot: Bot, source: str, now: datetime) -> Window | None:
    """Whole UTC days that are over, covered and as fresh as they will get; None: not again so soon."""
    with bot.db.transaction() as tx:
        state = sources.load(tx, source)
        if state.covered_from is None or state.ok_at is None or state.blind_since is not None:
            return None
        ends_at = _midnight(min(state.refreshed_at or now, now))
        starts_at = max(ends_at - DAYS_BACK * DAY, _midnight(state.covered_from + DAY))
        if starts_at >= ends_at:
            return None
        days = day_checks.since(tx, starts_at.date())
    looked = [c.checked_at for c in days if c.source == source and c.checked_at is not None]
    if looked and now - max(looked) < AGAIN:
        return None
    return Window(starts_at, ends_at)


def _compare(
    tx: Session,
    bot: Bot,
    source: str,
    window: Window,
    totals: Mapping[date, Micros],
    now: datetime,
) -> list[DayCheck]:
    checks: list[DayCheck] = []
    day = window.starts_at
    while day < window.ends_at:
        if (total := totals.get(day.date())) is not None:  # else the source does not know it yet
            before = day_checks.load(tx, source, day.date())
            spent = ledger.spend(
                tx, day, day + DAY, bot.policy.basis, source=source, billed_only=True
            )
            held = Micros(sum(spent.values()))
            after = replace(before, ledger=held, total=total, checked_at=now)
            checks.append(_judge(tx, bot, before, after, now))
        day += DAY
    day_checks.save(tx, checks)
    return checks


def _judge(tx: Session, bot: Bot, before: DayCheck, after: DayCheck, now: datetime) -> DayCheck:
    """Told once when it has drifted twice, and once when it is over."""
    drifting, drifted = _drifts(after), _drifts(before)
    if drifting and drifted and after.told_at is None:
        return replace(after, told_at=now if _tell_drift(tx, bot, after, now) else None)
    if not drifting and after.told_at is not None:
        told = notice.agrees(after.source, after.day)
        key = f"agrees:{after.source}:{after.day}:{after.told_at.isoformat()}"
        messages.tell_operators(tx, bot, key, told, now, subject=f"source:{after.source}")
        return replace(after, told_at=None)
    return after


def _drifts(check: DayCheck) -> bool:
    return (
        check.ledger is not None and check.total is not None and drifts(check.ledger, check.total)
    )


def _tell_drift(tx: Session, bot: Bot, check: DayCheck, now: datetime) -> bool:
    held, total = check.ledger or ZERO, check.total or ZERO
    told = notice.drift(check.source, check.day, held, total)
    key = f"drift:{check.source}:{check.day}:{now.isoformat()}"
    data = {"day": check.day.isoformat(), "ledger_usd": usd(held), "source_usd": usd(total)}
    recording.note(tx, bot, "source.drift", recording.SYSTEM, check.source, data, now)
    return messages.tell_operators(tx, bot, key, told, now, subject=f"source:{check.source}")


def _judge_estimates(tx: Session, bot: Bot, now: datetime) -> None:
    """A day whose estimates were far from their bill: told once, when the bill is there."""
    for check in day_checks.since(tx, (now - DAYS_BACK * DAY).date()):
        over = datetime.combine(check.day, datetime.min.time(), UTC) + DAY + BILLED_AFTER
        if check.told_estimate_at is not None or now < over:
            continue
        if misses(check.estimated, check.billed):
            told = notice.estimate_missed(check.source, check.day, check.estimated, check.billed)
            key = f"estimate:{check.source}:{check.day}"
            messages.tell_operators(tx, bot, key, told, now, subject=f"source:{check.source}")
            data = {
                "day": check.day.isoformat(),
                "estimated_usd": usd(check.estimated),
                "billed_usd": usd(check.billed),
            }
            recording.note(
                tx, bot, "source.estimate_missed", recording.SYSTEM, check.source, data, now
            )
            day_checks.save(tx, [replace(check, told_estimate_at=now)])


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
