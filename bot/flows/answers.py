"""Answers outside the outbox: forms and words that are worth nothing a minute later."""

import logging
from collections.abc import Mapping
from typing import Any

from bot.clients.slack import DeliveryError
from bot.parts import Bot

logger = logging.getLogger(__name__)


def open_form(bot: Bot, trigger_id: str, view: Mapping[str, Any]) -> bool:
    """Open a modal; False when its trigger, good for three seconds and one use, is gone."""
    try:
        bot.slack.open_view(trigger_id, view)
    except DeliveryError as error:
        if "trigger" in error.code or not error.permanent:
            return False
        raise
    return True


def show_again(bot: Bot, view_id: str, seen: str, view: Mapping[str, Any]) -> bool:
    """
    Draw an open modal anew; False when it is not any more as it was `seen`, or was closed.

    Any other failure is passed over, too: the next key pressed does it again.
    """
    try:
        bot.slack.update_view(view_id, seen, view)
    except DeliveryError as error:
        extra = {"action": "view_not_updated", "error": error.code}
        logger.info("form not drawn anew", extra=extra)
        return False
    return True


def whisper(bot: Bot, channel: str, user_id: str, text: str) -> None:
    """Only this person sees it, until they reload."""
    bot.slack.ephemeral(channel, user_id, text)


def write_to(bot: Bot, user_id: str, text: str) -> None:
    """Into the person's DM."""
    bot.slack.post(user_id, text, [], key=f"answer:{user_id}")
