"""Reads JSON from a gateway over HTTP: retries what may pass, raises what will not."""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from bot.clients.retry_after import read_retry_after
from bot.clients.usage.errors import AnswerTooLarge, SourceError, SourceRefused, SourceUnavailable
from bot.clients.usage.http_json import read_message
from bot.clients.usage.patience import Patience
from bot.clients.usage.transport import LARGEST_ANSWER, USER_AGENT
from bot.clock import Clock

_LARGEST_REFUSAL = 64 * 1024
_CONNECT_SECONDS = 5.0
_ATTEMPT_SECONDS = 20.0  # an answer that trickles in byte by byte must not hold a poll for ever
_PASSING = {408, 409, 425, 429}

Parameters = Sequence[tuple[str, str]]
logger = logging.getLogger(__name__)


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
        read_seconds: float = 10.0,
    ) -> None:
        if authorization is not None and not _sendable(authorization):
            # httpx would quote the whole header, key and all, in its own error
            raise SourceRefused(f"{remedies.key} is empty or holds characters no key has")
        self._remedies = remedies
        self._secrets = tuple(secrets)
        self._sleep = sleep
        self._clock = clock
        self._largest_answer = largest_answer
        self._read_seconds = read_seconds
        headers = {"user-agent": USER_AGENT, "accept": "application/json"}
        if authorization is not None:
            headers["authorization"] = authorization
        try:
            self._client = httpx.Client(
                base_url=base_url, headers=headers, trust_env=False, follow_redirects=False
            )
        except httpx.InvalidURL:
            raise SourceRefused(self._bad_address()) from None

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, parameters: Parameters, patience: Patience) -> bytes:
        """The body of a 200. Failed attempts and waits use up the patience, then the last error is raised."""
        tries = 0
        while True:
            try:
                with patience.attempt():
                    return self._attempt(path, parameters, patience)
            except SourceUnavailable as error:
                wait = _backoff(tries) if error.retry_after is None else error.retry_after
                if wait >= patience.left:
                    raise
                logger.warning(
                    "usage source tried again",
                    extra={"action": "source_retried", "path": path, "wait_seconds": wait},
                )
                patience.wait(wait, self._sleep)
                tries += 1

    def _attempt(self, path: str, parameters: Parameters, patience: Patience) -> bytes:
        read = min(self._read_seconds, max(patience.left, 0.05))
        timeout = httpx.Timeout(read, connect=min(_CONNECT_SECONDS, read))
        try:
            with self._client.stream(
                "GET", path, params=httpx.QueryParams(list(parameters)), timeout=timeout
            ) as response:
                if response.status_code == httpx.codes.OK:
                    return self._read(response, path, self._largest_answer)
                raise self._refused(response, path)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise SourceRefused(self._bad_address()) from None
        except httpx.TimeoutException as error:
            raise SourceUnavailable(f"{path}: no answer in time ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            raise SourceUnavailable(f"{path}: {type(error).__name__}") from None

    def _read(self, response: httpx.Response, path: str, largest: int) -> bytes:
        deadline = time.monotonic() + _ATTEMPT_SECONDS
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > largest:
                raise AnswerTooLarge(f"{path}: the answer is larger than {largest:,} bytes")
            if time.monotonic() > deadline:
                raise SourceUnavailable(f"{path}: the answer did not end in time")
        return bytes(body)

    def _refused(self, response: httpx.Response, path: str) -> SourceError:
        try:
            body = self._read(response, path, _LARGEST_REFUSAL)
        except AnswerTooLarge:
            body = b""
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

    def _bad_address(self) -> str:
        return f"{self._remedies.address} is not an http(s) address"


def _sendable(authorization: str) -> bool:
    """A scheme, one space, and what follows it without any."""
    scheme, _, key = authorization.partition(" ")
    return bool(scheme and key) and key.isascii() and key.isprintable() and " " not in key


def _backoff(tries: int) -> float:
    """Half a second, doubled each time up to eight, a random half of it off."""
    longest = min(8.0, 0.5 * 2.0**tries)
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
