"""The queue of increase requests, read every few minutes: what is new, and what is over without us."""

import logging
from dataclasses import replace
from datetime import datetime

from bot.clients.anthropic_admin import AdminError
from bot.clients.increase_requests import AlreadyResolved, IncreaseRequest, IncreaseRequests
from bot.clients.slack import DeliveryError
from bot.domain.increases import Increase, IncreaseState
from bot.effects import electors, messages
from bot.effects import increase_outcomes as outcomes
from bot.effects import increases as effects
from bot.effects.outages import DOWN_AFTER
from bot.flows.increases.electorate import tell_if_nobody_is_left
from bot.flows.increases.finding import figures_of, member_of
from bot.parts import Bot
from bot.render.increase_notes import readable_again, unreadable
from store import increase_queue, increases, outbox

logger = logging.getLogger(__name__)
UNKNOWN = "Anthropic does not know this request any more"
LEFT = "the member has left the organization"
_NOT_FOUND = 404


def poll(bot: Bot, now: datetime) -> int:
    """Ask those who may decide about what is new; how many requests that were."""
    if bot.queue is None or bot.policy.increases is None:
        return 0
    try:
        pending = bot.queue.pending()
    except AdminError as error:
        _unread(bot, error, now)
        return 0
    _read(bot, now)
    with bot.db.transaction() as tx:
        known = increases.known(tx, [request.id for request in pending])
        open_ = increases.unsettled(tx)
    listed = {request.id for request in pending}
    for increase in open_:
        if increase.request not in listed:
            _look_up(bot, bot.queue, increase, now)
    for request in pending:
        if request.id in known:
            _look_again(bot, request, now)
    new = [request for request in reversed(pending) if request.id not in known]
    found = sum(_find(bot, request, now) for request in new)
    bot.wake()
    return found


def _find(bot: Bot, request: IncreaseRequest, now: datetime) -> bool:
    """One that nobody here knew; of two replicas one is the first."""
    email = request.requester.email
    try:
        account = electors.account(bot, email) if email else None
    except DeliveryError:
        account = None  # they are called by their address then
    with bot.db.transaction() as tx:
        member = member_of(tx, request, account)
        figures = figures_of(tx, bot, request, member, now)
        increase = increases.add(
            tx, request.id, member, request.period, request.created_at, figures
        )
        if increase is None:
            return False
        effects.announce(tx, bot, increase, now)
    tell_if_nobody_is_left(bot, increase, now)
    return True


def _look_again(bot: Bot, request: IncreaseRequest, now: datetime) -> None:
    """
    Whoever decides later decides on newer figures: with an older limit an approval could lower it.

    Copies change only with the limit, for spend moves on all the time.
    """
    with bot.db.transaction() as tx:
        increase = increases.find(tx, request.id, lock=True)
        summary = request.summary
        if increase is None or increase.state is not IncreaseState.PENDING or summary is None:
            return
        before = increase.figures
        if (before.limit, before.spent) == (summary.limit, summary.spent):
            return
        figures = figures_of(tx, bot, request, increase.member, now)
        increases.look_again(tx, increase.id, figures)
        if before.limit != summary.limit:
            effects.show(tx, bot, replace(increase, figures=figures), "limit", now)


def _look_up(bot: Bot, queue: IncreaseRequests, increase: Increase, now: datetime) -> None:
    """It is pending no more: who decided it, or that it is gone."""
    try:
        request = queue.retrieve(increase.request)
        ours = increase.waits and _carried_out(queue, increase, request)
    except AdminError as error:
        if error.status == _NOT_FOUND:
            with bot.db.transaction() as tx:
                increases.load(tx, increase.id, lock=True)
                outcomes.gone(tx, bot, increase.id, UNKNOWN, now)
        else:
            extra = {"action": "increase_not_read", "increase": increase.id, "error": error.text}
            logger.warning("increase request not read", extra=extra)
        return
    with bot.db.transaction() as tx:
        current = increases.load(tx, increase.id, lock=True)
        if current is None or current.state is not increase.state:
            return  # it was decided here in between
        if ours:
            outcomes.confirmed(tx, bot, increase.id, now)
        elif request.status != "pending":
            outcomes.elsewhere(tx, bot, increase.id, AlreadyResolved(request).said(), now)
        elif request.requester.deleted:
            outcomes.gone(tx, bot, increase.id, LEFT, now)


def _carried_out(queue: IncreaseRequests, increase: Increase, request: IncreaseRequest) -> bool:
    denied = increase.state is IncreaseState.DENIED
    return queue.carried_out(request, "denied" if denied else "approved", increase.granted)


def _unread(bot: Bot, error: AdminError, now: datetime) -> None:
    """Operators hear of it, once: at once when only people can mend it, else after a while."""
    extra = {"action": "increases_failed", "error": error.text}
    logger.warning("increase requests not read", extra=extra)
    with bot.db.transaction() as tx:
        outage = increase_queue.fail(tx, error.text, now)
        if error.permanent or now - outage.since >= DOWN_AFTER:
            zone = bot.policy.organization.time_zone
            note = unreadable(outage.since, error.text, zone)
            messages.tell_operators(tx, bot, _down(outage.since), note, now, subject="increases")
    bot.wake()


def _read(bot: Bot, now: datetime) -> None:
    with bot.db.transaction() as tx:
        outage = increase_queue.read(tx)
        told = outage and outbox.find(tx, _down(outage.since))
        if outage and told:
            note = readable_again(outage.since, bot.policy.organization.time_zone)
            key = f"{_down(outage.since)}:over"
            messages.tell_operators(tx, bot, key, note, now, subject="increases")


def _down(since: datetime) -> str:
    return f"increases:down:{since:%Y%m%dT%H%M%S}"
