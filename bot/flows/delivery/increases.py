"""Decisions on increase requests: sent to Anthropic, and what its answers mean."""

import logging
from datetime import datetime

from bot.clients.anthropic_admin import AdminError
from bot.clients.increase_requests import AlreadyResolved, Approved, IncreaseRequests
from bot.domain.backoff import delay
from bot.domain.increases import Increase, IncreaseState
from bot.domain.money import ZERO, dollars
from bot.effects import increase_outcomes as outcomes
from bot.effects import increases as effects
from bot.flows.delivery.attempts import Attempt
from bot.parts import Bot
from store import increases, outbox
from store.outbox import OutboxEntry

logger = logging.getLogger(__name__)
NOT_SET_UP = "organization.increase_requests is no longer in the policy file: put it back"
UNKNOWN = "Anthropic does not know this request any more"
_NOT_FOUND = 404


class _Gone(Exception):  # noqa: N818 an answer, not a fault
    """Nobody can decide it any more."""


def deliver_answer(bot: Bot, entry: OutboxEntry, now: datetime) -> Attempt:
    """
    One attempt to have a decision carried out. A repeat finds what was done before, so a lost answer
    or a crash in between changes nothing.
    """
    with bot.db.transaction() as tx:
        increase = increases.load(tx, effects.answered(entry))
        if increase is None or not increase.waits:
            outbox.drop(tx, entry, now, "no longer so")
            return Attempt(entry.key, sent=False)
    if bot.queue is None:
        return _failed(bot, entry, AdminError(NOT_SET_UP, permanent=True), now)
    try:
        overruled = _carry_out(bot.queue, increase)
    except _Gone:
        return _closed(bot, entry, None, now)
    except AdminError as error:
        return _failed(bot, entry, error, now)
    except Exception as error:
        logger.exception("decision failed", extra={"action": "send_failed", "key": entry.key})
        failed = AdminError(f"{type(error).__name__} while sending", permanent=False)
        return _failed(bot, entry, failed, now)
    if overruled is not None:
        return _closed(bot, entry, overruled, now)
    with bot.db.transaction() as tx:
        increases.load(tx, increase.id, lock=True)  # before the outbox, as everybody does
        outbox.settle(tx, entry, now, {"answer": "confirmed"})
        outcomes.confirmed(tx, bot, increase.id, now)
    bot.wake()
    logger.info("decision sent", extra={"action": "increase_confirmed", "key": entry.key})
    return Attempt(entry.key, sent=True)


def _carry_out(queue: IncreaseRequests, increase: Increase) -> str | None:
    """None: it holds as it was decided here; else what Anthropic says was decided elsewhere."""
    try:
        if increase.state is IncreaseState.DENIED:
            return _deny(queue, increase)
        return _approve(queue, increase)
    except AdminError as error:
        # An address that is wrong answers the same: only a queue without it says that it is gone.
        if error.status == _NOT_FOUND and not _is_pending(queue, increase):
            raise _Gone from None
        raise


def _approve(queue: IncreaseRequests, increase: Increase) -> str | None:
    granted = increase.granted or ZERO
    answer = queue.approve(increase.request, granted)
    match answer:
        case Approved() if answer.limit in (None, granted):
            return None
        case Approved():
            holds = dollars(answer.limit or ZERO)
            raise AdminError(f"it wrote a limit of {holds} instead: look there", permanent=True)
        case AlreadyResolved():
            done = queue.carried_out(answer.request, "approved", granted)
            return None if done else answer.said()


def _deny(queue: IncreaseRequests, increase: Increase) -> str | None:
    """A denial of what was denied is no error there, so who did it tells the two apart."""
    answer = queue.deny(increase.request)
    if isinstance(answer, AlreadyResolved):
        return answer.said()
    by = answer.resolved_by
    return None if by is None or by.is_key else AlreadyResolved(answer).said()


def _is_pending(queue: IncreaseRequests, increase: Increase) -> bool:
    return any(request.id == increase.request for request in queue.pending())


def _closed(bot: Bot, entry: OutboxEntry, said: str | None, now: datetime) -> Attempt:
    """Decided elsewhere, as it `said`, or gone."""
    increase_id = effects.answered(entry)
    with bot.db.transaction() as tx:
        increases.load(tx, increase_id, lock=True)
        outbox.settle(tx, entry, now, {"answer": "elsewhere" if said else "gone"})
        if said is not None:
            outcomes.elsewhere(tx, bot, increase_id, said, now)
        else:
            outcomes.gone(tx, bot, increase_id, UNKNOWN, now)
    bot.wake()
    extra = {"action": "increase_overruled", "key": entry.key}
    logger.warning("decision came too late", extra=extra)
    return Attempt(entry.key, sent=False)


def _failed(bot: Bot, entry: OutboxEntry, error: AdminError, now: datetime) -> Attempt:
    """Tried again without end, unless somebody has to do something first."""
    increase_id = effects.answered(entry)
    with bot.db.transaction() as tx:
        increases.load(tx, increase_id, lock=True)
        if not error.permanent:
            due_at = now + delay(entry.attempts, error.retry_after)
            if outbox.retry(tx, entry, due_at, error.text):
                outcomes.silent(tx, bot, increase_id, error.text, now)
        elif outbox.bury(tx, entry, now, error.text):
            outcomes.refused(tx, bot, increase_id, error.text, entry.id, now)
    bot.wake()
    log = logger.error if error.permanent else logger.warning
    action = "increase_refused" if error.permanent else "increase_retry"
    extra = {"action": action, "key": entry.key, "error": error.text}
    log("decision not sent", extra=extra)
    return Attempt(entry.key, sent=False, hold=error.retry_after or 0)
