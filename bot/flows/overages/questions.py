"""Asking the requester something before deciding, and their answer: in the thread, and by DM."""

from datetime import datetime

from bot.domain.errors import UserError
from bot.domain.overages import RequestState
from bot.domain.people import refusal
from bot.effects import deciders
from bot.effects import questions as question_effects
from bot.flows.overages.clicks import Click
from bot.flows.overages.deciding import refused_text
from bot.flows.overages.electorate import electorate_of
from bot.flows.overages.outcomes import GONE, NotDecided, load, record, refuse
from bot.flows.overages.seen import why_not_now
from bot.parts import Bot
from store import questions

MOST_QUESTIONS = 20  # of one request: a card is no chat


def put_question(
    bot: Bot,
    request_id: int,
    actor_id: str,
    words: str,
    trigger: str,
    now: datetime,
    click: Click,
) -> NotDecided | None:
    """
    Record a question and post it; None when it is on its way.

    Only those may ask who may decide, by the same check as a decision. `trigger` names the form:
    Slack may deliver it twice, and twice is one question.
    """
    with bot.db.transaction() as tx:
        looked = load(tx, request_id)
        if (over := why_not_now(tx, bot, looked, click.revision, now)) is not None:
            return refuse(tx, bot, "question", actor_id, looked, over, now, click)
    actor, requester, electorate, team = electorate_of(bot, looked, actor_id, now)
    with bot.db.transaction() as tx:
        request = load(tx, request_id, lock=True)
        if (over := why_not_now(tx, bot, request, looked.revision, now)) is not None:
            return refuse(tx, bot, "question", actor_id, request, over, now, click)
        refused = refusal(actor, requester, electorate, team)
        if refused is not None:
            data = {"why": refused.value, **click.origin}
            record(tx, bot, "question.refused", actor.id, request, now, data)
            return NotDecided(refused_text(request, refused), refused)
        if len(questions.of(tx, request.id)) >= MOST_QUESTIONS:
            return NotDecided("That is a lot of questions for one request; talk to each other.")
        question = questions.add(tx, request.id, actor.id, words, trigger, now)
        if question is None:
            return None
        question_effects.put(tx, bot, request, question, now)
        deciders.show_open(tx, bot, request, now)
        data = {"question": words, "number": question.id, **click.origin}
        record(tx, bot, "request.question", actor.id, request, now, data)
    bot.wake()
    return None


def answer(
    bot: Bot, question_id: int, actor_id: str, words: str, now: datetime
) -> NotDecided | None:
    """The requester answers, once; after a decision too, because somebody wanted to know."""
    with bot.db.transaction() as tx:
        question = questions.load(tx, question_id)
        if question is None:
            raise UserError(GONE)
        request = load(tx, question.request, lock=True)
        if request.requester != actor_id:
            why = NotDecided("Only whoever asked for the overage can answer.")
            return refuse(tx, bot, "answer question", actor_id, request, why, now)
        if not questions.answer(tx, question_id, actor_id, words, now):
            before = questions.load(tx, question_id)
            if before is not None and before.answer == words:
                return None  # the form came twice
            why = NotDecided("You have answered already; your answer stands in the thread.")
            return refuse(tx, bot, "answer question", actor_id, request, why, now)
        question_effects.answered(tx, request, question, words, now)
        if request.state is RequestState.PENDING:
            deciders.show_open(tx, bot, request, now)
        data: dict[str, object] = {
            "question": question.question,
            "asked_by": question.asked_by,
            "answer": words,
            "number": question_id,
        }
        record(tx, bot, "request.answer", actor_id, request, now, data)
    bot.wake()
    return None
