"""Records for operators and auditors: undelivered entries, decisions, the chain."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bot.domain.money import Micros, usd
from bot.domain.overages import OverageRequest
from bot.intake.imported import EVER, NEVER
from bot.parts import Bot
from store import audit_reading, outbox, overages, raises
from store.audit_chain import Noted, Verdict
from store.outbox import OutboxEntry
from store.raises import RaiseRecord

DECISION_COLUMNS = (
    "request",
    "budget",
    "kind",
    "at",
    "decided_by",
    "requested_by",
    "amount_usd",
    "granted_usd",
    "until",
    "reason",
    "spent_usd",
    "limit_before_usd",
    "limit_after_usd",
    "policy_version",
    "asked_at",
    "asked_reason",
    "decision_reason",
    "route",
    "as_of",
    "asked_until",
    "message_link",
    "request_kind",
    "funding",
    "from_budget",
    "limit_version",
    "confirmed_at",
    "ended_at",
    "restored_at",
)
AUDIT_COLUMNS = ("seq", "at", "kind", "actor", "subject", "data", "previous_hash", "hash")


def undelivered(bot: Bot) -> list[OutboxEntry]:
    with bot.db.transaction() as tx:
        return outbox.undelivered(tx)


def decisions(
    bot: Bot, starts_at: datetime | None, ends_at: datetime | None
) -> list[dict[str, Any]]:
    """Every request that got an outcome in the interval, the oldest first."""
    with bot.db.transaction() as tx:
        found = overages.decided_between(tx, starts_at or EVER, ends_at or NEVER)
        return [_decision(request, raises.load(tx, request.id)) for request in found]


def audit_rows(
    bot: Bot, starts_at: datetime | None, ends_at: datetime | None
) -> Iterator[dict[str, Any]]:
    """The record from `starts_at` up to, but not including, `ends_at`, as it is when this begins."""
    for e in audit_reading.entries(bot.db, starts_at, ends_at):
        yield {
            "seq": e.seq,
            "at": _iso(e.at),
            "kind": e.kind,
            "actor": e.actor,
            "subject": e.subject,
            "data": dict(e.data),
            "previous_hash": e.previous_hash,
            "hash": e.hash,
        }


def verify(bot: Bot, noted: Noted | None = None) -> Verdict:
    """The whole chain, and whether it still holds the head that somebody wrote down."""
    return audit_reading.verify(bot.db, noted)


def head(bot: Bot) -> tuple[int, str]:
    """The number and the hash of the last row."""
    with bot.db.transaction() as tx:
        return audit_reading.head(tx)


def _decision(r: OverageRequest, record: RaiseRecord | None) -> dict[str, Any]:
    """`record` is None where nothing was granted; its moments are those of all targets together."""
    ended = record.raised.ends_at if record and record.end_noted else None
    seen = r.decision_figures or r.figures
    return {
        "request": r.id,
        "budget": r.budget,
        "kind": r.state.value,
        "at": _iso(r.decided_at) if r.decided_at else None,
        "decided_by": list(r.decided_by),
        "requested_by": r.requester,
        "amount_usd": usd(r.amount),
        "granted_usd": usd(r.granted),
        "until": _iso(r.until) if r.granted else None,
        "reason": r.decision_reason or r.reason,
        "spent_usd": usd(seen.spent),
        "limit_before_usd": usd(seen.limit),
        "limit_after_usd": usd(Micros(seen.limit + r.granted)),
        "policy_version": seen.policy_version,
        "asked_at": _iso(r.asked_at),
        "asked_reason": r.reason,
        "decision_reason": r.decision_reason,
        "route": list(r.lists),
        "as_of": _iso(seen.as_of) if seen.as_of else None,
        "asked_until": _iso(r.ends_at),
        "message_link": r.decided_in.link if r.decided_in else None,
        "request_kind": r.kind.value,
        "funding": r.funding.kind.value if r.funding else None,
        "from_budget": r.donor,
        "limit_version": record.applied_version if record else None,
        "confirmed_at": _iso(record.applied_at) if record and record.applied_at else None,
        "ended_at": _iso(ended) if ended else None,
        "restored_at": _iso(record.restored_at) if record and record.restored_at else None,
    }


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
