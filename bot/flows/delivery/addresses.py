"""Where a message goes: a channel, a person, whoever stands in for them, or is next on the ladder."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.clients.slack import DeliveryError, Posted
from bot.domain.delegations import Delegation
from bot.domain.overages import RequestState
from bot.domain.people import Person
from bot.effects import bundles
from bot.parts import Bot
from bot.render.delegation import in_place_of as away
from bot.render.reminder import unreached
from store import alerts, delegations, outbox, overages, people
from store.outbox import OutboxEntry

KNOWN_FOR = timedelta(hours=1)
ALERT = "alert:"
ALERTS = (ALERT, bundles.SUBJECT)


@dataclass(frozen=True, slots=True)
class Target:
    """Who gets a message in the place of somebody who cannot be reached."""

    to: dict[str, str]
    many: bool = False  # one of several
    group: str | None = None
    alert: int = 0

    @property
    def name(self) -> str:
        return next(iter(self.to.values()))


def address(bot: Bot, entry: OutboxEntry, now: datetime) -> tuple[str, str | None]:
    """
    A channel as it is named, a person by user id; and a sentence when it is meant for another.

    An alert goes to the delegate of somebody who is away. Who that is, is decided when it is sent;
    a delegate's own delegation is not followed. Raises DeliveryError for an account that is gone.
    """
    to, names = entry.request["to"], entry.request.get("unreached")
    lead = unreached(names) if names else None
    if "channel" in to:
        return to["channel"], lead
    person = _known(bot, to["person"], now)
    if person.deleted:
        raise DeliveryError("user_disabled", permanent=True)
    if entry.subject.startswith(ALERTS):
        with bot.db.transaction() as tx:
            held = delegations.live(tx, person.id, now)
        if held is not None and _can_take_it(bot, held, now):
            sentence = away(held, bot.policy.organization.time_zone)
            return held.to, sentence if lead is None else f"{sentence} {lead}"
    return person.id, lead


def thread_of(bot: Bot, entry: OutboxEntry) -> Posted | None:
    """Where the thread begins that a message belongs to; None when that was never posted."""
    with bot.db.transaction() as tx:
        first = outbox.find(tx, entry.request["thread_of"])
    if first is None or first.state != "done" or not first.result:
        return None
    return Posted(first.result["channel"], first.result["ts"])


def is_over(bot: Bot, entry: OutboxEntry) -> bool:
    """Whether the request that a message wants decided has its outcome."""
    number = entry.request.get("while_open")
    if number is None:
        return False
    with bot.db.transaction() as tx:
        request = overages.load(tx, number)
    return request is None or request.state is not RequestState.PENDING


def _known(bot: Bot, ref: str, now: datetime) -> Person:
    with bot.db.transaction() as tx:
        person = people.known(tx, ref, now, within=KNOWN_FOR)
    if person is None:
        person = bot.slack.person(ref)
        with bot.db.transaction() as tx:
            people.remember(tx, ref, person, now)
    return person


def _can_take_it(bot: Bot, held: Delegation, now: datetime) -> bool:
    """A delegate who has left the workspace since gets nothing: better late than lost."""
    try:
        return not _known(bot, held.to, now).deleted
    except DeliveryError as error:
        if error.permanent:
            return False
        raise


def in_place_of(tx: Session, entry: OutboxEntry) -> Sequence[Target]:
    """
    Who gets a message that cannot be delivered.

    Of an alert whoever is next on its ladder: the backup, without one the approvers, without any
    the channel. An approver is one of several, so nobody takes their place. Of a copy for somebody
    who is not on the ladder, whoever the copy names.
    """
    ref = (entry.request.get("to") or {}).get("person")
    if ref is None:
        return []
    instead = entry.request.get("instead")
    named = [Target({"person": instead})] if instead and instead != ref else []
    number = entry.subject.removeprefix(ALERT)
    alert = alerts.load(tx, int(number)) if number.isdecimal() else None
    if alert is None or alert.ladder is None:
        return named
    ladder = alert.ladder
    if ref not in (ladder.owner, ladder.backup):
        return named
    if ref == ladder.owner and ladder.backup is not None:
        return [Target({"person": ladder.backup})]
    approvers = [Target({"person": person}, many=True) for person in ladder.approvers]
    groups = [Target({"group": g}, group=g, alert=alert.id) for g in ladder.groups]
    return [*approvers, *groups] or [Target({"channel": ladder.channel})]
