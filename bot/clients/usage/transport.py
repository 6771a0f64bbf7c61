"""Reads one resource of the API over HTTP: retries what may pass, raises what will not."""

import logging
import random
import time
from collections.abc import Callable, Sequence

import httpx

from bot.clients.retry_after import read_retry_after
from bot.clients.usage.errors import AnswerTooLarge, SourceError, SourceRefused, SourceUnavailable
from bot.clients.usage.patience import Patience
from bot.clients.usage.refusals import judge_refusal, read_refusal
from bot.clock import Clock

USER_AGENT = "budget-bot/0.1 (+https://github.com/budget-bot/budget-bot)"
VERSION = "2026-10-21"
BETA = "analytics-usage-cost-2026-08-24"
LARGEST_ANSWER = 64 * 1024 * 1024
_LARGEST_REFUSAL = 64 * 1024
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 10.0
_ATTEMPT_SECONDS = 20.0  # a page that trickles in byte by byte must not hold a poll for ever

Parameters = Sequence[tuple[str, str]]
logger = logging.getLogger(__name__)


class Transport:
    """One keep-alive client; the key goes into a header and nowhere else."""

    def __init__(
        self,
        key: str,
        base_url: str,
        *,
        beta: str | None = None,
        sleep: Callable[[float], None],
        clock: Clock,
        largest_answer: int = LARGEST_ANSWER,
        read_seconds: float = _READ_SECONDS,
    ) -> None:
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            # httpx would quote the whole header, key and all, in its own error
            raise SourceRefused("ANTHROPIC_ADMIN_KEY is empty or holds characters no key has")
        self._key = key
        self._sleep = sleep
        self._clock = clock
        self._largest_answer = largest_answer
        self._read_seconds = read_seconds
        self._client = httpx.Client(
            base_url=base_url,
            headers={
                "x-api-key": key,
                "anthropic-version": VERSION,
                "user-agent": USER_AGENT,
                "accept": "application/json",
                # not sent to a report without it: an organization outside a beta may be refused
                **({} if beta is None else {"anthropic-beta": beta}),
            },
            trust_env=False,
            follow_redirects=False,
        )

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
            raise SourceRefused("ANTHROPIC_BASE_URL is not an http(s) address") from None
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
        retry_after = read_retry_after(response.headers.get("retry-after"), self._clock())
        refusal = read_refusal(response.status_code, body, self._key)
        return judge_refusal(refusal, path, retry_after)


def _backoff(tries: int) -> float:
    """Half a second, doubled each time up to eight, a random half of it off."""
    longest = min(8.0, 0.5 * 2.0**tries)
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
