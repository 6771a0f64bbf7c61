"""Messages: addressed, posted or updated, looked up after a lost answer, given up."""

import logging
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.clients.slack import DeliveryError, Posted
from bot.domain.backoff import delay
from bot.domain.overages import RequestState
from bot.effects import alerts as alert_effects
from bot.effects import bundles, messages
from bot.effects import increases as effects
from bot.effects.request_cards import card_of
from bot.flows.delivery.addresses import Target, address, in_place_of, is_over, thread_of
from bot.flows.delivery.attempts import Attempt, too_old
from bot.parts import Bot
from bot.render import notice
from bot.render.blocks import Rendered
from bot.render.reminder import unreached, with_lead
from bot.render.request import request_card
from store import alerts, outbox, overages, votes
from store.outbox import OutboxEntry

logger = logging.getLogger(__name__)
UNSENT = "not sent: "  # begins an error after which nothing has to be looked up
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


def deliver_message(bot: Bot, entry: OutboxEntry, now: datetime) -> Attempt:
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
            write = effects.write_to_group if effects.is_asked(entry) else _write_to_members
            write(tx, bot, entry, result["members"], now)
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
        shown = with_lead(_message(entry), copy.result.get("for"))
        bot.slack.update(where, shown.text, shown.blocks)
        return None
    if is_over(bot, entry):
        return None
    thread = None
    if "thread_of" in request:
        first = thread_of(bot, entry)
        if first is None:
            return None  # nobody sees what it would be an answer to
        channel, lead, thread = first.channel, None, first.ts
    else:
        channel, lead = address(bot, entry, now)
    # What is said in a channel is not ours to read: see the scopes of the manifest.
    posted = None if thread else _posted_before(bot, entry, channel)
    if posted is None:
        shown = with_lead(_message(entry), lead)
        posted = bot.slack.post(channel, shown.text, shown.blocks, entry.key, thread)
    return {"channel": posted.channel, "ts": posted.ts, **({"for": lead} if lead else {})}


def _message(entry: OutboxEntry) -> Rendered:
    return Rendered(entry.request["text"], entry.request["blocks"])


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
    final = (error.permanent and error.code not in APP_BROKEN) or too_old(entry, now)
    with bot.db.transaction() as tx:
        if not final:
            wait = delay(entry.attempts, error.retry_after)
            outbox.retry(tx, entry, now + wait, text)
        elif bundles.is_bundle(entry) and entry.kind == messages.POST:
            for alert in bundles.send_alone(tx, entry, now, text):
                if alert_effects.shown(tx, bot, alert) is not None:
                    alert_effects.show(tx, bot, alert, now, "alone")
        elif outbox.bury(tx, entry, now, text):
            _give_up(tx, bot, entry, error, now)
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


def _give_up(
    tx: Session, bot: Bot, entry: OutboxEntry, error: DeliveryError, now: datetime
) -> None:
    """Somebody hears of it: whoever is next, and the operators."""
    to = entry.request.get("to") or {"group": entry.request.get("group", "")}
    name = next(iter(to.values()))
    operators = bot.policy.organization.channels.operators
    for target in in_place_of(tx, entry):
        _pass_on(tx, entry, name, target, now)
    if entry.kind == messages.UPDATE or name == operators:
        return  # the operators' channel itself is broken: the log and `outbox list` are left
    told = notice.undelivered(entry.id, entry.key, name, str(error))
    is_alert = entry.subject.startswith("alert:") and "person" in to
    key = f"dead:{entry.key}"
    if is_alert and error.permanent:
        # Once for a person and a policy file: every further alert would say the same.
        key = f"unreachable:{name}:{bot.policy.version}"
    messages.tell_operators(tx, bot, key, told, now, subject="undelivered")


def _pass_on(tx: Session, entry: OutboxEntry, name: str, target: Target, now: datetime) -> None:
    names = [*entry.request.get("unreached", ()), name]
    message, subject = _message(entry), entry.subject
    if target.group is not None:
        key = f"{entry.key}:instead:{target.group}"
        about = {"alert": target.alert}
        rest = with_lead(message, unreached(names))
        messages.post_to_group(tx, key, target.group, rest, now, subject=subject, about=about)
        return
    messages.post(
        tx,
        f"{entry.key}:instead" + (f":{target.name}" if target.many else ""),
        target.to,
        message,
        now,
        subject=subject,
        priority=2,
        unreached=names,
    )


def _write_to_members(
    tx: Session, bot: Bot, entry: OutboxEntry, members: list[str], now: datetime
) -> None:
    """A DM each, unless what it is about was settled while the group was asked for."""
    rendered = _message(entry)
    skipped, key = set[str](), f"{entry.subject}:dm"
    if "alert" in entry.request:
        alert = alerts.load(tx, entry.request["alert"], lock=True)
        if alert is None or not alert.is_open(now):
            return
        key = entry.key
    else:
        # Locked: a decision either finds these copies, or is found here.
        request = overages.load(tx, entry.request["request"], lock=True)
        if request is None:
            return
        if "told" in entry.request:
            rendered = request_card(card_of(tx, bot, request))  # it may have been lifted meanwhile
        elif request.state is not RequestState.PENDING:
            return
        if entry.request.get("revision", request.revision) != request.revision:
            return  # it was changed: another entry has the card as it is now
        skipped = {request.requester}
        if "again" in entry.request:
            skipped |= {vote.person for vote in votes.of(tx, request.id)}
            key = entry.key
    for member in members:
        if member not in skipped:
            messages.post(
                tx,
                f"{key}:{member}",
                {"person": member},
                rendered,
                now,
                subject=entry.subject,
                priority=4,
                while_open=None if "told" in entry.request else entry.request.get("request"),
            )
