"""The modals of those who decide, and of the requester who is asked something first."""

from datetime import date
from typing import Any

from slackblocks import DatePicker, InputBlock, ModalView, PlainText, PlainTextInput

from bot.render.blocks import quoted

View = dict[str, Any]
MOST_WORDS = 1000


def deny_modal(about: str, summary: str) -> View:
    """`about`: what was pressed and where, as `handlers` wrote it; it comes back with the form."""
    view = ModalView(
        title=PlainText("Deny the request"),
        submit=PlainText("Deny"),
        close=PlainText("Back"),
        callback_id="overage_decision",
        private_metadata=about,
        blocks=[
            quoted(summary, "summary"),
            InputBlock(
                PlainText("Reason"),
                PlainTextInput(action_id="reason", multiline=True, max_length=MOST_WORDS),
                block_id="reason",
                hint=PlainText("The requester reads it, and it goes into the record."),
            ),
        ],
    )
    return _view(view)


def adjust_modal(about: str, summary: str, amount: str, last_day: date) -> View:
    """Less than was asked for, or for a shorter time; filled in with what was asked for."""
    view = ModalView(
        title=PlainText("Approve less"),
        submit=PlainText("Approve"),
        close=PlainText("Back"),
        callback_id="overage_decision",
        private_metadata=about,
        blocks=[
            quoted(summary, "summary"),
            InputBlock(
                PlainText("How much, in dollars"),
                PlainTextInput(action_id="amount", initial_value=amount, max_length=40),
                block_id="amount",
                hint=PlainText(f"At most what was asked for: {amount}."),
            ),
            InputBlock(
                PlainText("Until"),
                DatePicker(action_id="ends_at", initial_date=last_day.isoformat()),
                block_id="ends_at",
                hint=PlainText(f"The last day, at most {last_day:%a %-d %b %Y}."),
            ),
            InputBlock(
                PlainText("A word on it"),
                PlainTextInput(action_id="reason", multiline=True, max_length=MOST_WORDS),
                block_id="reason",
                hint=PlainText("The requester reads it, and it goes into the record."),
                optional=True,
            ),
        ],
    )
    return _view(view)


def question_modal(about: str, summary: str) -> View:
    return _one_field(
        ("Ask the requester", "Ask", "request_question"),
        about,
        summary,
        "question",
        "What do you want to know?",
        "The requester gets it in a DM; question and answer stand in the thread of the card.",
    )


def answer_modal(question: int, summary: str) -> View:
    return _one_field(
        ("Answer", "Answer", "request_answer"),
        str(question),
        summary,
        "answer",
        "Your answer",
        "Whoever asked gets it in a DM, and it stands in the thread of the card.",
    )


def _one_field(
    words: tuple[str, str, str], about: str, summary: str, field: str, label: str, hint: str
) -> View:
    title, submit, callback = words
    view = ModalView(
        title=PlainText(title),
        submit=PlainText(submit),
        close=PlainText("Back"),
        callback_id=callback,
        private_metadata=about,
        blocks=[
            quoted(summary, "summary"),
            InputBlock(
                PlainText(label),
                PlainTextInput(
                    action_id=field, multiline=True, max_length=MOST_WORDS, focus_on_load=True
                ),
                block_id=field,
                hint=PlainText(hint),
            ),
        ],
    )
    return _view(view)


def _view(view: ModalView) -> View:
    rendered: View = view.to_dict()
    return rendered
