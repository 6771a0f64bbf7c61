"""A gateway as a usage source reads it: its credential, and what its refusals mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from bot.clients.retry_after import read_retry_after
from bot.clients.usage.errors import SourceError, SourceRefused, SourceUnavailable
from bot.clients.usage.http_json import read_message
from bot.clients.usage.patience import Patience
from bot.clients.usage.reading import LARGEST_ANSWER, READ_SECONDS, Parameters, Reader
from bot.clock import Clock

_PASSING = {408, 409, 425, 429}


@dataclass(frozen=True, slots=True)
class Remedies:
    """What a person has to change, in the names of the settings of this gateway."""

    gateway: str
    address: str  # the setting with the base URL
    key: str  # the setting with the credential
    forbidden: str  # what a key needs that may not read this
    phrases: Mapping[str, str] = field(default_factory=dict)  # in a message, whatever the status


class HttpJson:
    """One keep-alive client; the credential goes into a header and nowhere else."""

    def __init__(
        self,
        base_url: str,
        remedies: Remedies,
        *,
        authorization: str | None,
        secrets: Sequence[str],
        sleep: Callable[[float], None],
        clock: Clock,
        largest_answer: int = LARGEST_ANSWER,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        if authorization is not None and not _sendable(authorization):
            # httpx would quote the whole header, key and all, in its own error
            raise SourceRefused(f"{remedies.key} is empty or holds characters no key has")
        self._remedies = remedies
        self._secrets = tuple(secrets)
        self._clock = clock
        self._reader = Reader(
            base_url,
            {} if authorization is None else {"authorization": authorization},
            remedies.address,
            self._refused,
            sleep=sleep,
            largest_answer=largest_answer,
            read_seconds=read_seconds,
        )

    def close(self) -> None:
        self._reader.close()

    def get(self, path: str, parameters: Parameters, patience: Patience) -> bytes:
        return self._reader.get(path, parameters, patience)

    def _refused(self, path: str, response: httpx.Response, body: bytes) -> SourceError:
        message = read_message(body)
        for secret in self._secrets:
            message = message.replace(secret, "…")
        status = response.status_code
        said = f"{path} answered {status}" + (f": {message[:300]}" if message else "")
        remedy = self._remedy(status, message)
        if remedy is not None:
            return SourceRefused(f"{remedy} ({said})", status)
        retry_after = read_retry_after(response.headers.get("retry-after"), self._clock())
        return SourceUnavailable(said, retry_after)

    def _remedy(self, status: int, message: str) -> str | None:
        """None for trouble that may be over when it is tried again."""
        remedies = self._remedies
        for phrase, remedy in remedies.phrases.items():
            if phrase.lower() in message.lower():
                return remedy
        if status >= 500 or status in _PASSING:
            return None
        match status:
            case 401:
                return f"the key was refused: check {remedies.key}"
            case 403:
                return f"the key may not read this: {remedies.forbidden}"
            case 404:
                return f"the endpoint does not exist there: check {remedies.address}"
            case 400 | 422:
                return f"{remedies.gateway} refused the request: check its version"
        return f"an unexpected answer {status}: check {remedies.address}"


def _sendable(authorization: str) -> bool:
    """A scheme, one space, and what follows it without any."""
    scheme, _, key = authorization.partition(" ")
    return bool(scheme and key) and key.isascii() and key.isprintable() and " " not in key
