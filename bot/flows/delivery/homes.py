"""Home tabs: put together when they are sent, so what is published is never old."""

import logging
from datetime import datetime, timedelta

from bot.clients.slack import DeliveryError
from bot.domain.backoff import delay
from bot.effects.home import views
from bot.flows.delivery.attempts import Attempt, too_old
from bot.flows.delivery.messages import APP_BROKEN
from bot.parts import Bot
from bot.render.home import digest
from store import homes, outbox
from store.outbox import OutboxEntry

logger = logging.getLogger(__name__)


def deliver_home(bot: Bot, entry: OutboxEntry, now: datetime) -> Attempt:
    """
    Publishing twice shows the same, so after a lost answer it is simply published again.

    What is refused for good is told by `doctor`, once for everybody, and not person by person.
    """
    person = str(entry.request["person"])
    try:
        groups = _groups(bot, entry, person)
        with bot.db.transaction() as tx:
            view = views(tx, bot, {person: groups}, now)[person]
        bot.slack.publish(person, view)
    except DeliveryError as error:
        return _failed(bot, entry, error, now)
    except Exception as error:
        logger.exception("home failed", extra={"action": "send_failed", "key": entry.key})
        failed = DeliveryError(f"{type(error).__name__} while publishing", ambiguous=True)
        return _failed(bot, entry, failed, now)
    with bot.db.transaction() as tx:
        outbox.settle(tx, entry, now, {"digest": digest(view), "groups": groups})
    logger.info("home published", extra={"action": "home_published", "key": entry.key})
    return Attempt(entry.key, sent=True)


def _groups(bot: Bot, entry: OutboxEntry, person: str) -> list[str]:
    """
    In which user groups of the policy somebody is: asked when they open the tab, and kept with it.

    Where Slack does not tell, the tab is published without what they see as members.
    """
    if entry.subject == homes.CHANGED:
        return list(entry.request["groups"])
    teams = [b.team for b in bot.policy.tree if b.team is not None]
    lists = [*bot.policy.approvers.values(), *teams]
    found = []
    for group in sorted({one.usergroup for one in lists if one.usergroup}):
        try:
            if person in bot.slack.usergroup(group):
                found.append(group)
        except DeliveryError as error:
            logger.info("group unknown", extra={"action": "group_unknown", "error": str(error)})
    return found


def _failed(bot: Bot, entry: OutboxEntry, error: DeliveryError, now: datetime) -> Attempt:
    final = (error.permanent and error.code not in APP_BROKEN) or too_old(entry, now)
    with bot.db.transaction() as tx:
        if final:
            outbox.drop(tx, entry, now, str(error))
        else:
            later = now + delay(entry.attempts, error.retry_after)
            outbox.retry(tx, entry, later, str(error))
        if error.retry_after:
            homes.put_off(tx, now + timedelta(seconds=error.retry_after))
    logger.warning(
        "home not published",
        extra={
            "action": "home_refused" if final else "home_retry",
            "key": entry.key,
            "error": str(error),
        },
    )
    # A limit on tabs is none on messages, so the lane goes on.
    return Attempt(entry.key, sent=False)
