"""The answer a person sees after a command, a click or a submission."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack.envelopes import Ack
from bot.sandbox.slack.messages import Json, Message
from bot.sandbox.slack.tickets import ResponseUrl

TROUBLE = "We had some trouble connecting. Try again?"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back within the three seconds, and what Slack told the person about it.

    `warning` is Slack's own notice (`operation_timeout`, `dispatch_failed`, …), `errors` the notes
    beside the fields of a modal, `cancelled` that nothing was sent at all.
    """

    status: int = 0
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    body: Json = field(default_factory=dict)
    timed_out: bool = False
    warning: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    response_action: str | None = None
    cancelled: bool = False
    message: Message | None = None
    url: ResponseUrl | None = None

    @property
    def ok(self) -> bool:
        return self.status == 200 and self.warning is None and not self.errors

    def later(self) -> list[Message]:
        """What came through the response_url so far, one entry for each use."""
        return [] if self.url is None else list(self.url.posted)

    def as_json(self) -> Json:
        return {
            "status": self.status,
            "text": self.text,
            "blocks": self.blocks,
            "timed_out": self.timed_out,
            "warning": self.warning,
            "errors": self.errors,
            "response_action": self.response_action,
            "cancelled": self.cancelled,
        }


def answer_to(ack: Ack, url: ResponseUrl | None = None, **more: Any) -> Answer:
    """The ack as the person sees it: a late or failed one only as Slack's notice."""
    warning = more.pop("warning", None)
    if ack.timed_out:
        warning = "operation_timeout"
    elif not ack.ok:
        warning = "dispatch_failed"
    return Answer(
        status=ack.status,
        text=str(ack.body.get("text") or "") if ack.ok else "",
        blocks=(ack.body.get("blocks") or []) if ack.ok else [],
        body=ack.body,
        timed_out=ack.timed_out,
        warning=warning,
        url=url,
        **more,
    )
