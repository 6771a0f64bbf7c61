"""The buttons of the owner's last word at a limit that is reached."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slack_bolt import Ack, Respond

from bot.domain.grace import Word
from bot.domain.terms import seen
from bot.flows import accounts, graces
from bot.parts import Bot
from handlers.errors import told
from handlers.replies import reply

Body = Mapping[str, Any]
Action = Mapping[str, Any]


def now_at_once(
    ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    ack()
    _say(Word.NOW, respond, body, action, bot, now)


def hold_off(
    ack: Ack, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime
) -> None:
    ack()
    _say(Word.HOLD, respond, body, action, bot, now)


def _say(word: Word, respond: Respond, body: Body, action: Action, bot: Bot, now: datetime) -> None:
    tell = reply(respond, body, bot)
    with told(tell):
        alert = seen(str(action.get("value", ""))).request
        who = accounts.who_now(bot, body["user"]["id"], now)
        answer = graces.say(bot, alert, word, who, now)
        if answer is not None:
            tell(answer)
