"""The journal: every Web API call with its answer, and every delivery to the app with its ack."""

from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.slack.messages import Json


@dataclass(frozen=True, slots=True)
class Call:
    """One Web API call. `answer` is None when the connection was dropped before it had an effect."""

    method: str
    arguments: Json
    answer: Json | None
    status: int
    at: datetime
    fault: str | None = None

    @property
    def ok(self) -> bool:
        return bool(self.answer and self.answer.get("ok"))


@dataclass(frozen=True, slots=True)
class Delivered:
    """One payload handed to the app."""

    kind: str
    payload: Json
    status: int
    timed_out: bool
    seconds: float
    at: datetime
