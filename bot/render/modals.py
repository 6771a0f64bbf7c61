"""The modals: ask for an overage, add a word to an answer."""

from datetime import date
from typing import Any

from slackblocks import (
    DatePicker,
    InputBlock,
    ModalView,
    Option,
    PlainText,
    PlainTextInput,
    StaticSelectMenu,
)

from bot.domain.budgets import Budget

View = dict[str, Any]
MOST_OPTIONS = 100
LONGEST_AMOUNT = 40


def overage_modal(
    budgets: list[Budget],
    chosen: Budget,
    amount: str,
    reason: str,
    end: date,
    hint: str,
    alert: int | None = None,
) -> View:
    """
    Budget, amount, reason, end. Each input's block id is the field's name in an error.

    `alert`: the alert that asking answers.
    """
    shown = budgets[:MOST_OPTIONS]
    if chosen not in shown:
        shown = [chosen, *shown[: MOST_OPTIONS - 1]]
    options = {b.id: Option(PlainText(_short(b.name)), value=b.id) for b in shown}
    view = ModalView(
        title=PlainText("Ask for more"),
        submit=PlainText("Ask"),
        close=PlainText("Cancel"),
        callback_id="overage_request",
        private_metadata=None if alert is None else str(alert),
        blocks=[
            InputBlock(
                PlainText("Budget"),
                StaticSelectMenu(
                    action_id="budget",
                    options=list(options.values()),
                    initial_option=options[chosen.id],
                ),
                block_id="budget",
            ),
            InputBlock(
                PlainText("How much more, in dollars"),
                PlainTextInput(
                    action_id="amount",
                    initial_value=amount[:LONGEST_AMOUNT] or None,
                    max_length=LONGEST_AMOUNT,
                    focus_on_load=True,
                ),
                block_id="amount",
                hint=PlainText(hint),
            ),
            InputBlock(
                PlainText("What is it for?"),
                PlainTextInput(
                    action_id="reason",
                    initial_value=reason or None,
                    multiline=True,
                    max_length=1000,
                ),
                block_id="reason",
                hint=PlainText("Approvers decide on it, and it goes into the record."),
            ),
            InputBlock(
                PlainText("Until"),
                DatePicker(action_id="ends_at", initial_date=end.isoformat()),
                block_id="ends_at",
                hint=PlainText("The last day on which the higher limit holds."),
            ),
        ],
    )
    return _view(view)


def answer_modal(alert_id: int, question: str) -> View:
    view = ModalView(
        title=PlainText("Your answer is noted"),
        submit=PlainText("Add"),
        close=PlainText("Nothing to add"),
        callback_id="alert_answer",
        private_metadata=str(alert_id),
        blocks=[
            InputBlock(
                PlainText(question),
                PlainTextInput(action_id="note", multiline=True, max_length=1000),
                block_id="note",
            )
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


def _short(name: str) -> str:
    return name if len(name) <= 75 else name[:74] + "…"
