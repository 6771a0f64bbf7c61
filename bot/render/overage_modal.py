"""The form to ask for more, and to change what was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from slackblocks import (
    Block,
    DatePicker,
    DispatchActionConfiguration,
    InputBlock,
    ModalView,
    Option,
    PlainText,
    PlainTextInput,
    StaticSelectMenu,
)

from bot.domain.budgets import Budget
from bot.render.blocks import section

View = dict[str, Any]
MOST_OPTIONS = 100
LONGEST_AMOUNT = 40
# What is chosen or typed here is told to us at once, so that the form can say what it buys.
LIVE = ("budget", "amount", "ends_at", "funding")


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the form, as it was typed."""

    amount: str
    reason: str
    last_day: date | None
    funding: str = ""  # the choice's value; empty: none was made


def overage_modal(
    budgets: Sequence[Budget],
    chosen: Budget,
    filled: Filled,
    hint: str,
    preview: str,
    about: str = "",
    *,
    changing: bool = False,
    source: Block | None = None,
) -> View:
    """
    Budget, amount, reason, end. Each input's block id is the field's name in an error.

    `about` comes back with the form: the alert that asking answers, or the request that is changed.
    `source`: the choice of where the dollars come from, where there is one. Shown again with the same block and action ids, Slack keeps what was typed.
    """
    view = ModalView(
        title=PlainText("Change the request" if changing else "Ask for more"),
        submit=PlainText("Change" if changing else "Ask"),
        close=PlainText("Cancel"),
        callback_id="overage_request",
        private_metadata=about or None,
        blocks=[
            _budget(budgets, chosen),
            _amount(filled.amount, hint),
            _reason(filled.reason),
            _until(filled.last_day),
            *([source] if source else []),
            section(preview, "preview"),
        ],
    )
    rendered: View = view.to_dict()
    return rendered


def _budget(budgets: Sequence[Budget], chosen: Budget) -> Block:
    shown = list(budgets[:MOST_OPTIONS])
    if chosen not in shown:
        shown = [chosen, *shown[: MOST_OPTIONS - 1]]
    options = {b.id: Option(PlainText(_short(b.name)), value=b.id) for b in shown}
    return InputBlock(
        PlainText("Budget"),
        StaticSelectMenu(
            action_id="budget",
            options=list(options.values()),
            initial_option=options[chosen.id],
        ),
        block_id="budget",
        dispatch_action=True,
    )


def _amount(amount: str, hint: str) -> Block:
    return InputBlock(
        PlainText("How much more, in dollars"),
        PlainTextInput(
            action_id="amount",
            initial_value=amount[:LONGEST_AMOUNT] or None,
            max_length=LONGEST_AMOUNT,
            focus_on_load=True,
            dispatch_action_config=DispatchActionConfiguration("on_character_entered"),
        ),
        block_id="amount",
        hint=PlainText(hint),
        dispatch_action=True,
    )


def _reason(reason: str) -> Block:
    return InputBlock(
        PlainText("What is it for?"),
        PlainTextInput(
            action_id="reason", initial_value=reason or None, multiline=True, max_length=1000
        ),
        block_id="reason",
        hint=PlainText("Approvers decide on it, and it goes into the record."),
    )


def _until(last_day: date | None) -> Block:
    chosen = last_day.isoformat() if last_day else None
    return InputBlock(
        PlainText("Until"),
        DatePicker(action_id="ends_at", initial_date=chosen),
        block_id="ends_at",
        hint=PlainText("The last day on which the higher limit holds."),
        dispatch_action=True,
    )


def _short(name: str) -> str:
    return name if len(name) <= 75 else name[:74] + "…"
