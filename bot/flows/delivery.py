"""The outbox: claim, send with no transaction open, settle with a fence. At least once."""

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.clients.enforcement import Accepted, Answer, Confirmed, Newer, TargetError
from bot.clients.slack import DeliveryError, Posted
from bot.domain.backoff import GIVE_UP_AFTER, delay
from bot.domain.budgets import BudgetId
from bot.domain.overages import RequestState
from bot.effects import limits as limit_effects
from bot.effects import messages
from bot.effects import requests as request_effects
from bot.parts import Bot
from bot.render import notice
from bot.render.blocks import Rendered
from store import audit, limits, outbox, overages, people, raises, standings
from store.outbox import Lane, OutboxEntry

logger = logging.getLogger(__name__)
LEASE = timedelta(seconds=45)  # longer than the slowest send: a look-up, a post, an answer
KNOWN_FOR = timedelta(hours=1)
UNSENT = "not sent: "  # begins an error after which nothing has to be looked up
SYSTEM = "budget-bot"
# The app has to be mended, not the message: it waits instead of being given up.
APP_BROKEN = {
    "account_inactive",
    "ekm_access_denied",
    "invalid_auth",
    "missing_scope",
    "no_permission",
    "not_authed",
    "org_login_required",
    "token_expired",
    "token_revoked",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One entry was tried. `hold`: seconds in which its lane need not try anything else."""

    key: str
    sent: bool
    hold: float = 0


def deliver_next(bot: Bot, lane: Lane, now: datetime) -> Attempt | None:
    """Send the most urgent due entry of a lane; None when there is none."""
    with bot.db.transaction() as tx:
        claimed = outbox.claim(tx, lane, now, limit=1, lease=LEASE)
    if not claimed:
        return None
    (entry,) = claimed
    if entry.lane is Lane.WEBHOOK:
        return _deliver_limit_state(bot, entry, now)
    return _deliver_message(bot, entry, now)


def _deliver_message(bot: Bot, entry: OutboxEntry, now: datetime) -> Attempt:
    try:
        result = _send(bot, entry, now)
    except DeliveryError as error:
        return _message_failed(bot, entry, error, now)
    except Exception as error:
        logger.exception("message failed", extra={"action": "send_failed", "key": entry.key})
        failed = DeliveryError(f"{type(error).__name__} while sending", ambiguous=True)
        return _message_failed(bot, entry, failed, now)
    with bot.db.transaction() as tx:
        outbox.settle(tx, entry, now, result)
        if entry.kind == messages.GROUP and result is not None:
            _write_to_members(tx, entry, result["members"], now)
    logger.info("message sent", extra={"action": "message_sent", "key": entry.key})
    return Attempt(entry.key, sent=True)


def _send(bot: Bot, entry: OutboxEntry, now: datetime) -> dict[str, Any] | None:
    request = entry.request
    if entry.kind == messages.GROUP:
        return {"members": list(bot.slack.usergroup(request["group"]))}
    if entry.kind == messages.UPDATE:
        with bot.db.transaction() as tx:
            copy = outbox.find(tx, request["copy_of"])
        if copy is None or copy.state != "done" or not copy.result:
            return None  # the copy was never posted: there is nothing to bring up to date
        where = Posted(copy.result["channel"], copy.result["ts"])
        bot.slack.update(where, request["text"], request["blocks"])
        return None
    channel = _address(bot, request["to"], now)
    posted = _posted_before(bot, entry, channel)
    if posted is None:
        posted = bot.slack.post(channel, request["text"], request["blocks"], entry.key)
    return {"channel": posted.channel, "ts": posted.ts}


def _address(bot: Bot, to: dict[str, str], now: datetime) -> str:
    """A channel as it is named; a person by user id, looked up when not known."""
    if "channel" in to:
        return to["channel"]
    ref = to["person"]
    with bot.db.transaction() as tx:
        person = people.known(tx, ref, now, within=KNOWN_FOR)
    if person is None:
        person = bot.slack.person(ref)
        with bot.db.transaction() as tx:
            people.remember(tx, ref, person, now)
    if person.deleted:
        raise DeliveryError("user_disabled", permanent=True)
    return person.id


def _posted_before(bot: Bot, entry: OutboxEntry, channel: str) -> Posted | None:
    """
    After an attempt whose answer was lost: the message, if it was posted all the same.

    An attempt without a recorded error died on the way, so it counts as lost too. When the
    history cannot be read, it is posted again: a duplicate is better than a miss.
    """
    first = entry.attempts <= 1 and entry.error is None  # with an error it was sent again by hand
    if first or (entry.error or "").startswith(UNSENT):
        return None
    try:
        return bot.slack.find(channel, entry.key, entry.created_at)
    except DeliveryError:
        logger.warning("cannot look up", extra={"action": "lookup_failed", "key": entry.key})
        return None


def _message_failed(bot: Bot, entry: OutboxEntry, error: DeliveryError, now: datetime) -> Attempt:
    text = str(error) if error.ambiguous else f"{UNSENT}{error}"
    too_old = now - entry.created_at > GIVE_UP_AFTER
    final = (error.permanent and error.code not in APP_BROKEN) or too_old
    with bot.db.transaction() as tx:
        if not final:
            wait = delay(entry.attempts, error.retry_after)
            outbox.retry(tx, entry, now + wait, text)
        elif outbox.bury(tx, entry, now, text):
            _give_up(tx, bot, entry, str(error), now)
    log = logger.error if final else logger.warning
    log(
        "message not sent",
        extra={
            "action": "message_dead" if final else "message_retry",
            "key": entry.key,
            "error": str(error),
        },
    )
    return Attempt(entry.key, sent=False, hold=error.retry_after or 0)


def _give_up(tx: Session, bot: Bot, entry: OutboxEntry, error: str, now: datetime) -> None:
    """Somebody hears of it: the one named instead, and the operators."""
    to = entry.request.get("to") or {"group": entry.request.get("group", "")}
    name = next(iter(to.values()))
    operators = bot.policy.organization.channels.operators
    instead = entry.request.get("instead")
    if instead and instead != name:
        text = f"For {name}, who cannot be reached in Slack: {entry.request['text']}"
        copy = Rendered(text, entry.request["blocks"])
        key = f"{entry.key}:instead"
        messages.post(tx, key, {"person": instead}, copy, now, subject=entry.subject, priority=2)
    if entry.kind == messages.UPDATE or name == operators:
        return  # the operators' channel itself is broken: the log and `outbox list` are left
    told = notice.undelivered(entry.id, entry.key, name, error)
    messages.tell_operators(tx, bot, f"dead:{entry.key}", told, now, subject="undelivered")


def _write_to_members(tx: Session, entry: OutboxEntry, members: list[str], now: datetime) -> None:
    """A DM each, unless the request was decided while the group was asked for."""
    # Locked: a decision either finds these copies, or is found here.
    request = overages.load(tx, entry.request["request"], lock=True)
    if request is None or request.state is not RequestState.PENDING:
        return
    rendered = Rendered(entry.request["text"], entry.request["blocks"])
    for member in members:
        if member == request.requester:
            continue
        key = f"{entry.subject}:dm:{member}"
        messages.post(tx, key, {"person": member}, rendered, now, subject=entry.subject, priority=4)


def _deliver_limit_state(bot: Bot, entry: OutboxEntry, now: datetime) -> Attempt:
    if bot.target is None:
        with bot.db.transaction() as tx:
            outbox.bury(tx, entry, now, "no enforcement target is set up")
        return Attempt(entry.key, sent=False)
    body = json.dumps(entry.request["body"], separators=(",", ":")).encode()
    try:
        answer = bot.target.send(entry.key, body)
    except TargetError as error:
        return _limit_state_failed(bot, entry, error, now)
    except Exception as error:
        logger.exception("webhook failed", extra={"action": "send_failed", "key": entry.key})
        failed = TargetError(f"{type(error).__name__} while sending", permanent=False)
        return _limit_state_failed(bot, entry, failed, now)
    with bot.db.transaction() as tx:
        _take_answer(tx, bot, entry, answer, now)
    bot.wake()
    logger.info("limit state sent", extra={"action": "limit_state_sent", "key": entry.key})
    return Attempt(entry.key, sent=True)


def _take_answer(tx: Session, bot: Bot, entry: OutboxEntry, answer: Answer, now: datetime) -> None:
    budget = BudgetId(entry.request["budget"])
    version: int = entry.request["version"]
    # The budget's row first, as everybody does who changes a limit state.
    limits.load(tx, budget, lock=True)
    outbox.settle(tx, entry, now, {"answer": type(answer).__name__.lower()})
    match answer:
        case Confirmed():
            if limits.confirm(tx, budget, version, now):
                data = {"version": version}
                audit.note(tx, "limit_state.confirmed", "target", budget, data, now)
            request_effects.tell_confirmed(tx, bot, budget, version, now)
        case Accepted():
            if limits.accept(tx, budget, version):
                _tell_accepted(tx, bot, budget, version, now)
        case Newer():
            _go_past(tx, bot, budget, answer.version, now)


def _tell_accepted(tx: Session, bot: Bot, budget: BudgetId, version: int, now: datetime) -> None:
    for record in raises.unconfirmed(tx, budget, version):
        request = overages.load(tx, record.raised.request)
        if request is not None:
            request_effects.show_outcome(tx, bot, request, now, f"accepted:v{version}")


def _go_past(tx: Session, bot: Bot, budget: BudgetId, newer: int, now: datetime) -> None:
    """The target knows a later version than we do, as after an old backup: say it again, later."""
    version = limits.overtake(tx, budget, newer, now)
    held = limits.load(tx, budget)
    standing = standings.gather(tx, bot.policy, now).get(budget)
    if version is None or held is None or standing is None:
        return
    limit_effects.send(tx, held.state, version, standing, now)
    data = {"version": version, "target_held": newer}
    audit.note(tx, "limit_state.overtaken", "target", budget, data, now)


def _limit_state_failed(bot: Bot, entry: OutboxEntry, error: TargetError, now: datetime) -> Attempt:
    final = error.permanent or now - entry.created_at > GIVE_UP_AFTER
    with bot.db.transaction() as tx:
        if not final:
            wait = delay(entry.attempts, error.retry_after)
            outbox.retry(tx, entry, now + wait, error.text)
        elif outbox.bury(tx, entry, now, error.text):
            what = f"the limit state of {entry.request['budget']}"
            told = notice.undelivered(entry.id, what, "the enforcement target", error.text)
            messages.tell_operators(tx, bot, f"dead:{entry.key}", told, now, subject="undelivered")
            audit.note(
                tx,
                "limit_state.refused",
                "target",
                entry.request["budget"],
                {"version": entry.request["version"], "error": error.text},
                now,
            )
    bot.wake()
    log = logger.error if final else logger.warning
    log(
        "limit state not sent",
        extra={
            "action": "webhook_dead" if final else "webhook_retry",
            "key": entry.key,
            "error": error.text,
        },
    )
    return Attempt(entry.key, sent=False)
