"""Several alerts of one owner that fire together: one message instead of one for each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.domain.alerts import AlertFigures
from bot.domain.budgets import PersonRef, Stage
from bot.effects.messages import POST
from bot.render.bundle import MOST, Part, bundle_message, how_many_fit
from store import alerts, outbox
from store.alert_rows import SentAlert
from store.outbox import Lane, NewEntry, OutboxEntry

SUBJECT = "alerts:"


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that was recorded, and whose own message waits in the outbox under its key."""

    alert_id: int
    key: str
    stream: str
    owner: PersonRef
    stage: Stage
    figures: AlertFigures


def subject(bundle: int) -> str:
    """Of the message itself; reminders are about one alert, and have that one's subject."""
    return f"{SUBJECT}{bundle}"


def by_owner(fired: Iterable[Fired]) -> list[list[Fired]]:
    """Those that belong into one message, the worst first; whoever is alone stays alone."""
    owners: dict[str, list[Fired]] = {}
    for one in fired:
        owners.setdefault(one.owner.lower(), []).append(one)
    groups: list[list[Fired]] = []
    for own in owners.values():
        rest = sorted(own, key=lambda one: (-one.stage, one.alert_id))
        while len(rest) > 1:
            count = max(1, how_many_fit(_parts(rest[:MOST])))
            groups.append(rest[:count])
            rest = rest[count:]
    return [group for group in groups if len(group) > 1]


def _parts(group: Sequence[Fired]) -> list[Part]:
    return [Part(one.alert_id, one.figures) for one in group]


def send_together(tx: Session, group: Sequence[Fired], now: datetime) -> None:
    """
    One message in the place of those that wait, in the transaction that wrote them.

    They stay in the outbox, replaced: should nobody be reached by the one message, each goes its
    own way, to its own budget's backup.
    """
    first = group[0]
    rendered = bundle_message(_parts(group))
    keys = [one.key for one in group]
    alerts.put_together(tx, [one.alert_id for one in group], first.alert_id)
    outbox.replace(tx, keys, now)
    request = {
        "to": {"person": first.owner},
        "text": rendered.text,
        "blocks": rendered.blocks,
        "alone": keys,
    }
    about = subject(first.alert_id)
    priority = 5 - first.stage
    entry = NewEntry(about, first.stream, about, Lane.SLACK, POST, request, priority)
    outbox.add(tx, entry, now)


def is_bundle(entry: OutboxEntry) -> bool:
    return entry.subject.startswith(SUBJECT)


def send_alone(tx: Session, entry: OutboxEntry, now: datetime, why: str) -> list[SentAlert]:
    """
    Nobody was reached by the one message: each alert is sent by itself after all.

    The alerts that were in it; what has become of one meanwhile, its own message does not say yet.
    """
    if not outbox.drop(tx, entry, now, f"sent one by one: {why}"):
        return []
    for key in entry.request["alone"]:
        outbox.revive(tx, key, now)
    return alerts.of_bundle(tx, int(entry.subject.removeprefix(SUBJECT)))
