"""A local Slack workspace that an unmodified slack-bolt app talks to, for tests and the demo."""

from bot.sandbox.slack.accounts import BOT_USER, HOME_TEAM
from bot.sandbox.slack.answers import Answer
from bot.sandbox.slack.channels import Channel
from bot.sandbox.slack.errors import CannotAct, NoSuchElement, SandboxError
from bot.sandbox.slack.journal import Call, Delivered
from bot.sandbox.slack.messages import Message
from bot.sandbox.slack.people import Person
from bot.sandbox.slack.sandbox import SlackSandbox
from bot.sandbox.slack.views import View

__all__ = [
    "BOT_USER",
    "HOME_TEAM",
    "Answer",
    "Call",
    "CannotAct",
    "Channel",
    "Delivered",
    "Message",
    "NoSuchElement",
    "Person",
    "SandboxError",
    "SlackSandbox",
    "View",
]
