"""Exceptions that hold: ended before their time, and announced before they end."""

from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.errors import UserError
from bot.domain.escalation import calendar_of
from bot.domain.overages import OverageRequest, RequestState
from bot.domain.people import DONOR, Electorate, Person
from bot.domain.spans import Span
from bot.effects import endings, messages, recording, request_cards
from bot.effects import limits as limit_effects
from bot.effects import requests as request_effects
from bot.parts import Bot
from bot.render.blocks import moment, person
from bot.render.exception import ends_soon
from store import limits, overages, raises, standings
from store.raises import RaiseRecord

A_WORKING_DAY = Span(working_days=1)
LOOK_AHEAD = timedelta(days=14)  # more than any working day takes, with holidays
GONE = "This exception is not known any more."


def tell_ending(bot: Bot, now: datetime) -> int:
    """
    A working day before an exception ends, tell those it concerns; how many exceptions.

    One that is shorter than that was announced when it was approved.
    """
    with bot.db.transaction() as tx:
        untold = raises.ending_untold(tx, now + LOOK_AHEAD, now)
    told = sum(_tell(bot, record, now) for record in untold if _is_due(bot, record, now))
    if told:
        bot.wake()
    return told


def _is_due(bot: Bot, record: RaiseRecord, now: datetime) -> bool:
    raised = record.raised
    budget = bot.policy.tree.budgets.get(raised.budget)
    if budget is None:
        return False
    calendar = calendar_of(bot.policy, budget.time_zone)
    is_short = calendar.after(raised.starts_at, A_WORKING_DAY) >= raised.ends_at
    return not is_short and calendar.after(now, A_WORKING_DAY) >= raised.ends_at


def _tell(bot: Bot, record: RaiseRecord, now: datetime) -> bool:
    raised = record.raised
    with bot.db.transaction() as tx:
        if not raises.note_end_told(tx, raised.request, now):
            return False
        standing = standings.of_budget(tx, bot.policy, raised.budget, now)
        request = overages.load(tx, raised.request)
        if standing is None or request is None:
            return False
        told = request_effects.concerned(tx, bot, request)
        note = ends_soon(raised, standing, standing.budget.time_zone)
        about = f"{request_cards.subject(request.id)}:ends"
        messages.tell_people(tx, about, told, note, now, subject=about)
        recording.about_exception(
            tx,
            bot,
            "exception.announced",
            recording.SYSTEM,
            record,
            {"told": told},
            now,
            standing,
        )
        return True


def end_early(
    bot: Bot,
    request_id: int,
    actor: Person,
    electorate: Electorate,
    now: datetime,
    origin: dict[str, object] | None = None,
) -> str | None:
    """
    End an exception now; None, or why it was not ended.

    Its budget's owner and backup may, whoever asked for it, and whoever may decide such a request.
    One transaction takes the dollars back, in a transfer gives them to whom they came from, and
    writes down who did it and when it would have ended.
    """
    with bot.db.transaction() as tx:
        request = overages.load(tx, request_id, lock=True)
        record = raises.load(tx, request_id) if request else None
        if request is None or record is None or request.state is not RequestState.APPROVED:
            raise UserError(GONE)
        why = None
        if record.ended_by is not None or record.raised.ends_at <= now:
            why = _over_already(bot, record)
        elif not may_end(bot, request, actor, electorate):
            why = _why_not(electorate.lists_of(actor) == {DONOR})
        if why is not None:
            what, about = "end exception", {"request": request.id, **(origin or {})}
            recording.refused(tx, bot, what, actor.id, request.budget, why, now, **about)
            return why
        # Granted by mistake, it is taken back in the same moment; a term has some length, though.
        at = max(now, record.raised.starts_at + timedelta(microseconds=1))
        _take_back(tx, bot, request, record, actor, at, origin or {})
    bot.wake()
    return None


def may_end(bot: Bot, request: OverageRequest, actor: Person, electorate: Electorate) -> bool:
    """Whether somebody may; never a guest, an outsider, a bot or a deactivated account."""
    if actor.deleted or actor.is_bot or actor.stranger or actor.guest:
        return False
    budget = bot.policy.tree.budgets.get(request.budget)
    own = [ref for ref in (budget.owner, budget.backup) if ref] if budget else []
    if actor.id == request.requester or any(actor.is_called(ref) for ref in own):
        return True
    return bool(electorate.lists_of(actor) - {DONOR})


def _why_not(is_donor: bool) -> str:
    lent = "These dollars are lent until the end that you agreed to. " if is_donor else ""
    return (
        f"{lent}Ending it is up to the budget's owner, whoever asked for it, and those who may "
        "decide it."
    )


def load_request(bot: Bot, request_id: int) -> OverageRequest:
    """The request behind a button; raises UserError when there is none."""
    with bot.db.transaction() as tx:
        request = overages.load(tx, request_id)
    if request is None:
        raise UserError(GONE)
    return request


def _take_back(
    tx: Session,
    bot: Bot,
    request: OverageRequest,
    record: RaiseRecord,
    actor: Person,
    now: datetime,
    origin: dict[str, object],
) -> None:
    concerned = sorted({request.budget, record.from_budget or request.budget})
    for budget in concerned:  # as everybody locks them
        limits.load(tx, budget, lock=True)
    before = standings.of_budget(tx, bot.policy, request.budget, now)
    if not raises.end_early(tx, request.id, actor.id, now):
        raise UserError("It was ended in this very moment; look at it again.")
    standing = standings.gather(tx, bot.policy, now, concerned)
    for budget in concerned:
        if budget in standing:
            limit_effects.hold(tx, bot, standing[budget], now)
    held = limits.load(tx, request.budget)
    after = standing.get(request.budget)
    version = held.version if held else None
    ended = raises.load(tx, request.id) or record
    data: dict[str, object] = {
        "requested_by": request.requester,
        "before": {
            "ends_at": recording.iso(record.raised.ends_at),
            "limit": before.limit if before else None,
        },
        "after": {"ends_at": recording.iso(now), "limit": after.limit if after else None},
        "version": version,
        **origin,
    }
    recording.about_exception(tx, bot, "exception.ended_early", actor.id, ended, data, now, before)
    endings.over(tx, bot, ended, after, version, now)


def _over_already(bot: Bot, record: RaiseRecord) -> str:
    budget = bot.policy.tree.budgets.get(record.raised.budget)
    zone = budget.time_zone if budget else bot.policy.organization.time_zone
    by = f" by {person(record.ended_by)}" if record.ended_by else ""
    return f"This exception is over already: it ended {moment(record.raised.ends_at, zone)}{by}."
