"""Questions about a request: in the thread of the card, and in the DMs of the two concerned."""

from datetime import datetime

from sqlmodel import Session

from bot.domain.overages import OverageRequest
from bot.effects import messages
from bot.effects.request_cards import card_of, subject
from bot.parts import Bot
from bot.render.question import (
    answer_note,
    question_answered,
    question_for_requester,
    question_note,
)
from store.questions import Question


def put(tx: Session, bot: Bot, request: OverageRequest, asked: Question, now: datetime) -> None:
    """Into the thread for all who decide, and to the requester with the way to answer."""
    about, key = subject(request.id), _subject(asked)
    messages.post_in_thread(
        tx,
        f"{key}:thread",
        f"{about}:approvals",
        question_note(request, asked.asked_by, asked.question),
        now,
        subject=f"{about}:thread",
    )
    name = card_of(tx, bot, request).budget_name
    note = question_for_requester(request, name, asked.id, asked.asked_by, asked.question)
    messages.post(tx, f"{key}:dm", {"person": request.requester}, note, now, subject=key)


def answered(
    tx: Session,
    request: OverageRequest,
    asked: Question,
    words: str,
    now: datetime,
) -> None:
    """Into the thread, to whoever asked, and instead of the button in the requester's copy."""
    about, key = subject(request.id), _subject(asked)
    note = answer_note(request, asked.asked_by, asked.question, words)
    thread = f"{about}:thread"
    messages.post_in_thread(
        tx, f"{key}:answer:thread", f"{about}:approvals", note, now, subject=thread
    )
    messages.post(
        tx, f"{key}:answer", {"person": asked.asked_by}, note, now, subject=f"{key}:answer"
    )
    done = question_answered(request, asked.asked_by, asked.question, words)
    messages.update_copies(tx, key, "answered", done, now)


def _subject(asked: Question) -> str:
    return f"question:{asked.id}"
