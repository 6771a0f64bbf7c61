"""What is written into the record: each row with the policy, and the figures, as they were."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.domain.alerts import Alert, AlertFigures
from bot.domain.overages import Figures
from bot.domain.places import place_of
from bot.domain.standings import Standing
from bot.effects import bundles
from bot.parts import Bot
from store import audit, outbox
from store.alert_rows import SentAlert
from store.raises import RaiseRecord

SYSTEM = audit.SYSTEM
OPERATOR = "operator"  # the actor of what was typed at the command line
TARGET = "target"  # of what an enforcement target has answered
Seen = Standing | AlertFigures | Figures


def note(
    tx: Session,
    bot: Bot,
    kind: str,
    actor: str,
    subject: str,
    data: Mapping[str, Any],
    now: datetime,
    seen: Seen | None = None,
) -> None:
    """
    Say that something happened; docs/audit.md tells every kind, with its fields.

    `seen` are the figures that it rests on, as they were in front of whoever did it. Amounts are
    micro-dollars, moments ISO 8601 in UTC.
    """
    known = {} if seen is None else figures(seen)
    audit.note(
        tx, kind, actor, subject, {**known, "policy_version": bot.policy.version, **data}, now
    )


def figures(seen: Seen) -> dict[str, Any]:
    """What was spent, of which limit, and as of when."""
    as_of = seen.freshness.as_of if isinstance(seen, Standing) else seen.as_of
    return {"spent": seen.spent, "limit": seen.limit, "as_of": iso(as_of)}


def fired(
    tx: Session, bot: Bot, alert: Alert, alert_id: int, shown: AlertFigures, now: datetime
) -> None:
    """An alert that goes to its owner, with the figures that are in the message."""
    data = {
        "alert": alert_id,
        "budget": shown.budget,
        "stage": alert.stage.word,
        "reason": alert.reason.value,
        "owner": alert.standing.budget.owner,
        "answer_by": iso(shown.answer_by),
        "runs_out_at": iso(shown.runs_out_at),
    }
    note(tx, bot, "alert.fired", SYSTEM, alert.key, data, now, shown)


def muted(tx: Session, bot: Bot, alert: Alert, said_by: int, now: datetime) -> None:
    """One that another alert says already, so that nobody is told twice."""
    data = {
        "budget": alert.standing.budget.id,
        "stage": alert.stage.word,
        "owner": alert.standing.budget.owner,
        "said_by": said_by,
    }
    note(tx, bot, "alert.muted", SYSTEM, alert.key, data, now, alert.standing)


def about_alert(
    tx: Session,
    bot: Bot,
    kind: str,
    actor: str,
    alert: SentAlert,
    data: Mapping[str, Any],
    now: datetime,
    seen: Standing | None = None,
) -> None:
    """With the figures that were in the alert, or newer ones, and a link once Slack has it."""
    common = {
        "alert": alert.id,
        "budget": alert.budget,
        "stage": alert.stage.word,
        "owner": alert.owner,
        "message_link": _link(tx, alert),
    }
    note(tx, bot, kind, actor, alert.key, {**common, **data}, now, seen or alert.figures)


def about_exception(
    tx: Session,
    bot: Bot,
    kind: str,
    actor: str,
    record: RaiseRecord,
    data: Mapping[str, Any],
    now: datetime,
    seen: Standing | None,
) -> None:
    """With what was granted, by whom and until when; `seen` is None when the budget has left."""
    raised = record.raised
    common = {
        "request": raised.request,
        "granted": raised.extra,
        "approved_by": raised.approved_by,
        "starts_at": iso(raised.starts_at),
        "ends_at": iso(raised.ends_at),
        "taken_from": record.from_budget,
    }
    known = {"spent": None, "limit": None, "as_of": None} if seen is None else {}
    note(tx, bot, kind, actor, raised.budget, {**known, **common, **data}, now, seen)


def refused(
    tx: Session,
    bot: Bot,
    what: str,
    actor: str,
    subject: str,
    why: str,
    now: datetime,
    **about: object,
) -> None:
    """A click that changed nothing: what it wanted, and what was said to whoever pressed."""
    note(tx, bot, "click.refused", actor, subject, {"what": what, "why": why, **about}, now)


def _link(tx: Session, alert: SentAlert) -> str | None:
    keys = [alert.key, *([bundles.subject(alert.bundle)] if alert.bundle is not None else [])]
    for entry in (outbox.find(tx, key) for key in keys):
        if entry is not None and (place := place_of(entry.result)) is not None:
            return place.link
    return None


def iso(at: datetime | None) -> str | None:
    """A moment as it is written; None stays None."""
    return at.isoformat() if at else None
