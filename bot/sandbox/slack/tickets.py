"""What Slack lends an app for a while: trigger ids (3 s, once) and response URLs (30 min, 5 uses)."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sandbox.slack.errors import ApiError
from bot.sandbox.slack.messages import Message

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5


@dataclass(slots=True)
class Trigger:
    """The right to open one modal on one person's screen; `view` is set when it came from a modal."""

    person: str
    issued: float
    view: str | None = None
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """The right to answer one command or click; `posted` holds what came through it."""

    token: str
    person: str
    channel: str
    issued: float
    original: Message | None = None
    uses: int = 0
    posted: list[Message] = field(default_factory=list)


class Tickets:
    """All trigger ids and response URLs that were ever given out."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}

    def new_trigger(self, person: str, view: str | None = None) -> str:
        trigger_id = f"{len(self._triggers) + 1}.{secrets.randbelow(10**9)}.{secrets.token_hex(8)}"
        self._triggers[trigger_id] = Trigger(person, self._monotonic(), view)
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        if trigger.used:
            raise ApiError("exchanged_trigger_id")
        if self._monotonic() - trigger.issued > TRIGGER_SECONDS:
            raise ApiError("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_url(self, person: str, channel: str, original: Message | None = None) -> ResponseUrl:
        url = ResponseUrl(secrets.token_urlsafe(12), person, channel, self._monotonic(), original)
        self._urls[url.token] = url
        return url

    def use_url(self, token: str) -> ResponseUrl:
        """Count one use; a used-up or old URL is refused as Slack does it."""
        url = self._urls.get(token)
        if url is None:
            raise ApiError("invalid_url")
        if self._monotonic() - url.issued > RESPONSE_SECONDS:
            raise ApiError("expired_url")
        if url.uses >= RESPONSE_USES:
            raise ApiError("used_url")
        url.uses += 1
        return url
