"""What follows when an exception is over: the version that takes it back, and who is told."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.standings import Standing
from bot.effects import recording, request_cards
from bot.effects import requests as request_effects
from bot.parts import Bot, targets_of
from store import overages, raises
from store.raises import RaiseRecord


def over(
    tx: Session,
    bot: Bot,
    record: RaiseRecord,
    standing: Standing | None,
    version: int | None,
    now: datetime,
) -> bool:
    """
    Note the end and say it; False when that was done.

    `version` is the limit state that takes it back; the caller holds its lock, so the target's
    answer to it comes before or after this, and not between.
    """
    budget = record.raised.budget
    if not raises.note_end(tx, record.raised.request, version, now):
        return False
    request = overages.load(tx, record.raised.request)
    if request is None:
        return False
    data = {"version": version, "ended_by": record.ended_by}
    recording.about_exception(
        tx, bot, "exception.ended", recording.SYSTEM, record, data, now, standing
    )
    if not targets_of(bot, budget):
        request_effects.tell_progress(tx, bot, request, now, "ended", lifted=False)
    else:
        request_cards.show_outcome(tx, bot, request, now, "ended")
    return True
