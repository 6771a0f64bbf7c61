"""What is handed to the app, and what the app acknowledges, in both ways of delivery."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Json = dict[str, Any]
EnvelopeKind = Literal["slash_commands", "interactive", "events_api"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """One payload; `retry` is above 0 when it is delivered again."""

    kind: EnvelopeKind
    payload: Json
    retry: int = 0
    retry_reason: str = ""


@dataclass(frozen=True, slots=True)
class Ack:
    """The app's answer: an HTTP status (0 for none) and a JSON body; plain text becomes `{"text": …}`."""

    status: int
    body: Json = field(default_factory=dict)
    timed_out: bool = False
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        return self.status == 200


class Line(Protocol):
    """A way to the app."""

    def send(self, envelope: Envelope, seconds: float) -> Ack:
        """Hand over the envelope and wait so long for the ack."""
        ...
