"""The weekly digest: due at a local day and time, written once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.domain.budgets import UNATTRIBUTED
from bot.domain.money import Micros
from bot.domain.policy import Policy
from bot.effects import messages
from bot.parts import Bot
from bot.render.digest import Digest, digest_message
from store import (
    alert_quality,
    audit_reading,
    increases,
    ledger,
    outbox,
    overages,
    revisions,
    sources,
    standings,
)

WEEK = timedelta(days=7)
LATE = timedelta(days=1)


def due_at(policy: Policy, now: datetime) -> datetime:
    """The last moment, not after `now`, at which the digest was due."""
    zone, wanted = policy.organization.time_zone, policy.organization.digest
    local = now.astimezone(zone)
    day = local.date() - timedelta(days=(local.weekday() - wanted.weekday) % 7)
    due = datetime.combine(day, wanted.at, zone).astimezone(UTC)
    if due <= now:
        return due
    return _week_before(due, zone)


def send_if_due(bot: Bot, now: datetime) -> bool:
    """
    Write the digest that is due, unless it was written.

    After an outage it comes up to a day late; an older one would only confuse.
    """
    due = due_at(bot.policy, now)
    if now - due > LATE:
        return False
    channel = {"channel": bot.policy.organization.channels.digest}
    key = f"digest:{due.astimezone(bot.policy.organization.time_zone).date()}"
    with bot.db.transaction() as tx:
        nothing_read = standings.freshness(tx, bot.policy, now).as_of is None
        if nothing_read or outbox.find(tx, key) is not None:
            return False  # it comes with the first figures, and once
        rendered = digest_message(_gather(tx, bot, due, now))
        written = messages.post(tx, key, channel, rendered, now, subject=key, priority=7)
    if written:
        bot.wake()
    return written


def _gather(tx: Session, bot: Bot, due: datetime, now: datetime) -> Digest:
    found = standings.gather(tx, bot.policy, now)
    organization = bot.policy.organization
    since = _week_before(due, organization.time_zone)
    earlier = _week_before(since, organization.time_zone)
    polled = [sources.load(tx, source.name) for source in bot.policy.sources]
    known = all(s.covered_from and s.covered_from <= earlier for s in polled)
    nobodys = found[UNATTRIBUTED]
    return Digest(
        organization=organization.name,
        starts_at=since,
        ends_at=due,
        zone=organization.time_zone,
        basis=bot.policy.basis,
        freshness=standings.freshness(tx, bot.policy, now),
        standings=[s for s in found.values() if s.limit is not None or s.budget.id == UNATTRIBUTED],
        unattributed=nobodys.spent,
        period_spend=_spent(tx, bot, nobodys.period.starts_at, now),
        week_spend=_spent(tx, bot, since, due),
        week_before=_spent(tx, bot, earlier, since) if known else None,
        decided=overages.decided_between(tx, since, due),
        open=overages.open_requests(tx),
        alerts=alert_quality.quality_between(tx, since, due),
        revised=revisions.changes_between(tx, since, due),
        increases_decided=increases.decided_between(tx, since, due),
        increases_open=increases.pending(tx),
        head=audit_reading.head(tx),
    )


def _week_before(moment: datetime, zone: ZoneInfo) -> datetime:
    """The same local time seven days earlier, whatever the clocks did in between."""
    return (moment.astimezone(zone) - WEEK).astimezone(UTC)


def _spent(tx: Session, bot: Bot, starts_at: datetime, ends_at: datetime) -> Micros:
    return Micros(sum(ledger.spend(tx, starts_at, ends_at, bot.policy.basis).values()))
