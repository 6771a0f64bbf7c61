"""The form to break the glass."""

from typing import Any

from slackblocks import InputBlock, ModalView, PlainText, PlainTextInput

from bot.render.blocks import escape, section

View = dict[str, Any]


def glass_modal(budget_id: str, name: str, most: str, hours: int) -> View:
    """Amount, hours, reason, and a plain word on what it does. `budget_id` comes back with it."""
    warning = (
        f"🚨 *This raises the limit of {escape(name)} at once, on your word alone.* "
        f"It can be done once in a period, up to {most}, for at most {hours} hours. The approvers, "
        "the operators, the owner and the backup are told now, it is in the record, and the "
        "digest lists it for review."
    )
    view = ModalView(
        title=PlainText("Break the glass"),
        submit=PlainText("Break the glass"),
        close=PlainText("Cancel"),
        callback_id="break_glass",
        private_metadata=budget_id,
        blocks=[
            section(warning, "warning"),
            InputBlock(
                PlainText("How much more, in dollars"),
                PlainTextInput(action_id="amount", max_length=40, focus_on_load=True),
                block_id="amount",
                hint=PlainText(f"At most {most}."),
            ),
            InputBlock(
                PlainText("For how many hours"),
                PlainTextInput(action_id="hours", initial_value=str(hours), max_length=5),
                block_id="hours",
                hint=PlainText(f"At most {hours}. It ends by itself, and can be ended early."),
            ),
            InputBlock(
                PlainText("What is the emergency?"),
                PlainTextInput(action_id="reason", multiline=True, max_length=1000),
                block_id="reason",
                hint=PlainText("Everybody who is told reads it, and it goes into the record."),
            ),
        ],
    )
    rendered: View = view.to_dict()
    return rendered
