"""Reads one resource over HTTP: retries what may pass, raises what will not, within its patience."""

import logging
import random
import time
from collections.abc import Callable, Sequence

import httpx

from bot.clients.tls import trusted, why
from bot.clients.usage.errors import AnswerTooLarge, SourceError, SourceRefused, SourceUnavailable
from bot.clients.usage.patience import Patience

USER_AGENT = "budget-bot/0.1 (+https://github.com/budget-bot/budget-bot)"
LARGEST_ANSWER = 64 * 1024 * 1024
READ_SECONDS = 10.0
_LARGEST_REFUSAL = 64 * 1024
_CONNECT_SECONDS = 5.0
_ATTEMPT_SECONDS = 20.0  # an answer that trickles in byte by byte must not hold a poll for ever

Parameters = Sequence[tuple[str, str]]
Judge = Callable[[str, httpx.Response, bytes], SourceError]
logger = logging.getLogger(__name__)


class Reader:
    """
    One keep-alive client. `headers` carry the credential; it goes nowhere else.

    `address` names the setting with the base URL; `judge` says what an answer other than 200 means.
    """

    def __init__(
        self,
        base_url: str,
        headers: dict[str, str],
        address: str,
        judge: Judge,
        *,
        sleep: Callable[[float], None],
        largest_answer: int,
        read_seconds: float,
    ) -> None:
        self._address = address
        self._judge = judge
        self._sleep = sleep
        self._largest_answer = largest_answer
        self._read_seconds = read_seconds
        try:
            self._client = httpx.Client(
                base_url=base_url,
                headers={"user-agent": USER_AGENT, "accept": "application/json", **headers},
                verify=trusted(),
                trust_env=False,
                follow_redirects=False,
            )
        except httpx.InvalidURL:
            raise self._bad_address() from None

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
                    return _read(response, path, self._largest_answer)
                raise self._judge(path, response, _refusal(response, path))
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise self._bad_address() from None
        except httpx.TimeoutException as error:
            raise SourceUnavailable(f"{path}: no answer in time ({type(error).__name__})") from None
        except httpx.ConnectError as error:
            raise SourceUnavailable(f"{path}: no connection ({why(error)})") from None
        except httpx.HTTPError as error:
            text = f"{path}: the connection broke ({type(error).__name__})"
            raise SourceUnavailable(text) from None

    def _bad_address(self) -> SourceRefused:
        return SourceRefused(f"{self._address} is not an http(s) address")


def _read(response: httpx.Response, path: str, largest: int) -> bytes:
    deadline = time.monotonic() + _ATTEMPT_SECONDS
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > largest:
            raise AnswerTooLarge(f"{path}: the answer is larger than {largest:,} bytes")
        if time.monotonic() > deadline:
            raise SourceUnavailable(f"{path}: the answer did not end in time")
    return bytes(body)


def _refusal(response: httpx.Response, path: str) -> bytes:
    """What was said with a refusal; one that is too long says nothing."""
    try:
        return _read(response, path, _LARGEST_REFUSAL)
    except AnswerTooLarge:
        return b""


def _backoff(tries: int) -> float:
    """Half a second, doubled each time up to eight, a random half of it off."""
    longest = min(8.0, 0.5 * 2.0**tries)
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
