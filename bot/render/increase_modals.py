"""The forms of those who decide an increase request: the new limit, or why not."""

from typing import Any

from slackblocks import InputBlock, ModalView, PlainText, PlainTextInput

from bot.domain.increases import APPROVE_WARNING, DENY_WARNING
from bot.render.blocks import quoted, section

View = dict[str, Any]
MOST_WORDS = 1000


def approve_modal(about: str, summary: str, period: str, proposed: str) -> View:
    """`about`: what was pressed and where; it comes back with the form. `proposed` may be changed."""
    view = ModalView(
        title=PlainText("Raise the limit"),
        submit=PlainText("Approve"),
        close=PlainText("Back"),
        callback_id="increase_approval",
        private_metadata=about,
        blocks=[
            quoted(summary, "summary"),
            InputBlock(
                PlainText(f"The new {period} limit in all, in dollars"),
                PlainTextInput(
                    action_id="amount", initial_value=proposed, max_length=40, focus_on_load=True
                ),
                block_id="amount",
                hint=PlainText(f"Not how much more. {APPROVE_WARNING}"),
            ),
            _words("A word on it", optional=True),
        ],
    )
    return _view(view)


def deny_modal(about: str, summary: str) -> View:
    view = ModalView(
        title=PlainText("Deny the request"),
        submit=PlainText("Deny"),
        close=PlainText("Back"),
        callback_id="increase_denial",
        private_metadata=about,
        blocks=[
            quoted(summary, "summary"),
            section(f"⚠️ *{DENY_WARNING}*", "warning"),
            _words("Reason", optional=False),
        ],
    )
    return _view(view)


def _words(label: str, *, optional: bool) -> InputBlock:
    return InputBlock(
        PlainText(label),
        PlainTextInput(action_id="reason", multiline=True, max_length=MOST_WORDS),
        block_id="reason",
        hint=PlainText(
            "It goes into the record, and the member reads it where they have a Slack account. "
            "Anthropic does not pass it on."
        ),
        optional=optional,
    )


def _view(view: ModalView) -> View:
    rendered: View = view.to_dict()
    return rendered
