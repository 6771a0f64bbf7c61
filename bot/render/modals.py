"""The modals of an alert's answer: a word on it, or a plan with its end."""

from datetime import date
from typing import Any

from slackblocks import (
    DatePicker,
    InputBlock,
    ModalView,
    PlainText,
    PlainTextInput,
)

from bot.render.blocks import section

View = dict[str, Any]


def answer_modal(alert_id: int, question: str, said: str = "") -> View:
    """`said`: which alert it is, and until when the answer holds."""
    view = ModalView(
        title=PlainText("Your answer is noted"),
        submit=PlainText("Add"),
        close=PlainText("Nothing to add"),
        callback_id="alert_answer",
        private_metadata=str(alert_id),
        blocks=[
            *([section(said, "said")] if said else []),
            InputBlock(
                PlainText(question),
                PlainTextInput(action_id="note", multiline=True, max_length=1000),
                block_id="note",
            ),
        ],
    )
    return _view(view)


PLAN = "plan"  # in the private metadata: this form is the answer, it does not add to one


def plan_modal(alert_id: int, proposed: date, last: date) -> View:
    """Until when it is planned, and what; the answer is recorded when it is sent."""
    view = ModalView(
        title=PlainText("This is planned"),
        submit=PlainText("Answer"),
        close=PlainText("Back"),
        callback_id="alert_answer",
        private_metadata=f"{alert_id} {PLAN}",
        blocks=[
            InputBlock(
                PlainText("Until when?"),
                DatePicker(action_id="until", initial_date=proposed.isoformat()),
                block_id="until",
                hint=PlainText(
                    f"The last day, at most {last:%a %-d %b}, when the period ends. "
                    "If the stage is still there afterwards, you are asked again."
                ),
            ),
            InputBlock(
                PlainText("What is planned?"),
                PlainTextInput(action_id="note", multiline=True, max_length=1000),
                block_id="note",
                optional=True,
            ),
        ],
    )
    return _view(view)


def _view(view: ModalView) -> View:
    rendered: View = view.to_dict()
    return rendered
