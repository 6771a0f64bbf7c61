"""A question about a request, and its answer: in the thread of the card, and to whom it concerns."""

from slackblocks import Block

from bot.domain.money import dollars
from bot.domain.overages import OverageRequest, RequestState
from bot.render.blocks import (
    Rendered,
    actions,
    button,
    escape,
    message,
    one_line,
    person,
    quoted,
    section,
)


def question_note(request: OverageRequest, asked_by: str, words: str) -> Rendered:
    """In the thread, for everybody who decides."""
    text = f"{person(asked_by)} asks {person(request.requester)} about request #{request.id}:"
    return _with_words(text, words)


def question_for_requester(
    request: OverageRequest, budget_name: str, question: int, asked_by: str, words: str
) -> Rendered:
    """In the requester's DM, with the way to answer."""
    text = (
        f"{person(asked_by)} asks about your overage request #{request.id} "
        f"({dollars(request.amount)} for {escape(budget_name)}) before it is decided:"
    )
    spoken = f"Answer the question about request {request.id}"
    answer = button("Answer…", "request:answer", str(question), "primary", spoken=spoken)
    return _with_words(text, words, actions([answer]))


def answer_note(request: OverageRequest, asked_by: str, question: str, words: str) -> Rendered:
    """In the thread, and in the DM of whoever asked."""
    text = (
        f"{person(request.requester)} answers {person(asked_by)} about request #{request.id} "
        f"(“{one_line(question, 200)}”):"
    )
    if request.state is not RequestState.PENDING:
        text = f"{text.removesuffix(':')}, which was {request.state.value} meanwhile:"
    return _with_words(text, words)


def question_answered(
    request: OverageRequest, asked_by: str, question: str, words: str
) -> Rendered:
    """What becomes of the requester's copy: what was asked and what they have said."""
    text = (
        f"You have answered {person(asked_by)} about request #{request.id} "
        f"(“{one_line(question, 200)}”):"
    )
    return _with_words(text, words)


def _with_words(text: str, words: str, *more: Block) -> Rendered:
    blocks = [section(text, "about"), quoted(words, "words"), *more]
    return message(f"{text} {one_line(words, 1000)}", *blocks)
