"""What a gateway's refusals mean, and what a person has to change, in the names of its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_PASSING = {408, 409, 425, 429}


@dataclass(frozen=True, slots=True)
class Remedies:
    gateway: str
    address: str  # the setting with the base URL
    key: str  # the setting with the credential
    forbidden: str  # what a key needs that may not do this
    phrases: Mapping[str, str] = field(default_factory=dict)  # in a message, whatever the status
    verb: str = "read"

    def find(self, status: int, message: str) -> str | None:
        """None for trouble that may be over when it is tried again."""
        for phrase, remedy in self.phrases.items():
            if phrase.lower() in message.lower():
                return remedy
        if status >= 500 or status in _PASSING:
            return None
        match status:
            case 401:
                return f"the key was refused: check {self.key}"
            case 403:
                return f"the key may not {self.verb} this: {self.forbidden}"
            case 404:
                return f"the endpoint does not exist there: check {self.address}"
            case 400 | 422:
                return f"{self.gateway} refused the request: check its version"
        return f"an unexpected answer {status}: check {self.address}"
