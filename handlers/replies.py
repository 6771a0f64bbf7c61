"""How an answer reaches the person: only they see it."""

import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt import Respond

from bot.flows import answers
from bot.parts import Bot
from handlers.errors import Tell

logger = logging.getLogger(__name__)
LATE = "That took too long, and Slack did not open the form. Please press or type it again."


def reply(respond: Respond, body: Mapping[str, Any], bot: Bot) -> Tell:
    """
    By the click's response_url; where that fails, as an ephemeral message.

    A click on the Home tab has neither a response_url nor a channel: its answer is a DM.
    """

    def tell(text: str) -> None:
        channel = (body.get("channel") or {}).get("id")
        if channel is None:
            answers.write_to(bot, body["user"]["id"], text)
            return
        try:
            sent = respond(text=text, response_type="ephemeral", replace_original=False)
            if sent.status_code == 200:
                return
        except Exception:  # noqa: BLE001 whatever it was, there is a second way
            logger.info("response_url failed", extra={"action": "respond_failed"})
        answers.whisper(bot, channel, body["user"]["id"], text)

    return tell


def direct(bot: Bot, user_id: str, channel: str = "") -> Tell:
    """
    For modals, which have no place to answer in: the person's DM.

    Somebody from outside has none; they are told in the channel where they pressed.
    """

    def tell(text: str) -> None:
        try:
            answers.write_to(bot, user_id, text)
        except Exception:
            if not channel:
                raise
            logger.info("no DM", extra={"action": "direct_failed"})
            answers.whisper(bot, channel, user_id, text)

    return tell


def show(bot: Bot, trigger_id: str, view: Mapping[str, Any], tell: Tell, late: str = LATE) -> None:
    """Open a modal, or say that it is too late for it."""
    if not answers.open_form(bot, trigger_id, view):
        tell(late)


def show_or_tell(
    bot: Bot, body: Mapping[str, Any], form: Mapping[str, Any] | str, tell: Tell
) -> None:
    """Open a form; where a flow has a word instead of one, say that."""
    if isinstance(form, str):
        tell(form)
    else:
        show(bot, body["trigger_id"], form, tell)
