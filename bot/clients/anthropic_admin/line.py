"""One request to the Admin API at a time, bounded in size and time, never repeated by itself."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import httpx

from bot.clients.anthropic_admin.deadline import Deadline
from bot.clients.anthropic_admin.errors import AdminError
from bot.clients.anthropic_admin.refusals import judge_refusal
from bot.clients.cutoff import cutoff
from bot.clients.retry_after import read_retry_after
from bot.clients.tls import trusted, why
from bot.clients.usage.answers import AnyAnswer, ListPage, ReportPage, parse_answer
from bot.clients.usage.errors import SourceDataError
from bot.clients.usage.pages import ROOT, follow_pages
from bot.clients.usage.reading import USER_AGENT
from bot.clients.usage.refusals import read_refusal
from bot.clients.usage.transport import VERSION
from bot.clock import Clock, utc_now

Parameters = Sequence[tuple[str, str]]
LARGEST_ANSWER = 8 * 1024 * 1024  # a page of 1,000 keys is half a megabyte
_LARGEST_REFUSAL = 64 * 1024
_CONNECT_SECONDS = 5.0
AnyPage = TypeVar("AnyPage", bound=ReportPage | ListPage)


class AdminLine:
    """
    One keep-alive client; the key goes into a header and nowhere else.

    Everything raises AdminError. When to try again is the caller's business: a write that the
    client repeated by itself could undo what somebody did in between.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout: float = 15.0,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            # httpx would quote the whole header, key and all, in its own error
            raise AdminError(
                "ANTHROPIC_ADMIN_KEY is empty or holds characters no key has", permanent=True
            )
        self._key = key
        self._seconds = timeout
        self._clock = clock
        self._monotonic = monotonic
        try:
            self._client = httpx.Client(
                base_url=base_url,
                headers={
                    "user-agent": USER_AGENT,
                    "accept": "application/json",
                    "x-api-key": key,
                    "anthropic-version": VERSION,
                },
                # asked rarely; and a connection that is kept cannot be cut off from outside
                limits=httpx.Limits(max_keepalive_connections=0),
                verify=trusted(),
                trust_env=False,
                follow_redirects=False,
            )
        except httpx.InvalidURL:
            raise _bad_address() from None

    def close(self) -> None:
        self._client.close()

    def is_own(self, hint: str | None) -> bool:
        """Whether a `partial_key_hint`, like `sk-ant-api03-R2D...igAA`, may be the key in use."""
        start, dots, end = (hint or "").replace("…", "...").partition("...")
        return bool(dots and start) and self._key.startswith(start) and self._key.endswith(end)

    def deadline(self, attempts: float = 1.0) -> Deadline:
        """For an attempt of one or more requests: so many times the time-out of one."""
        return Deadline(self._seconds * attempts, self._monotonic)

    def read(
        self,
        kind: type[AnyAnswer],
        name: str,
        deadline: Deadline,
        asked: Parameters = (),
        beta: str | None = None,
    ) -> AnyAnswer:
        headers = {} if beta is None else {"anthropic-beta": beta}
        path = f"{ROOT}/{name}"
        request = self._client.build_request(
            "GET", path, params=httpx.QueryParams(list(asked)), headers=headers
        )
        return _parse(kind, self._send(request, path, deadline, writing=False), path)

    def write(
        self,
        kind: type[AnyAnswer],
        name: str,
        body: Mapping[str, object],
        deadline: Deadline,
    ) -> AnyAnswer:
        path = f"{ROOT}/{name}"
        request = self._client.build_request(
            "POST",
            path,
            content=json.dumps(body, separators=(",", ":")).encode(),
            headers={"content-type": "application/json"},
        )
        return _parse(kind, self._send(request, path, deadline, writing=True), path, writing=True)

    def walk(
        self,
        kind: type[AnyPage],
        name: str,
        deadline: Deadline,
        asked: Parameters = (),
        beta: str | None = None,
    ) -> Iterator[AnyPage]:
        """The pages of a list, to their end; pages that go round in a circle raise."""
        try:
            yield from follow_pages(
                lambda parameters: self.read(kind, name, deadline, parameters, beta),
                f"{ROOT}/{name}",
                asked,
            )
        except SourceDataError as error:
            raise AdminError(str(error), permanent=False) from None

    def _send(
        self, request: httpx.Request, path: str, deadline: Deadline, *, writing: bool
    ) -> bytes:
        seconds = deadline.grant(self._seconds)
        timeout = httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
        request.extensions["timeout"] = timeout.as_dict()
        with cutoff(request, seconds) as over:
            try:
                response = self._client.send(request, stream=True)
                try:
                    if response.status_code == httpx.codes.OK:
                        body = _collect(response, path, LARGEST_ANSWER, writing=writing)
                    else:
                        raise self._refused(response, path, writing=writing)
                finally:
                    response.close()
                if not over.is_set():  # else what came may be the half of it
                    return body
                text = f"{path}: the answer did not end in time"
            except httpx.UnsupportedProtocol:
                raise _bad_address() from None
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                text = f"{path}: no connection ({why(error)})"
                raise AdminError(text, permanent=False) from None
            except httpx.TimeoutException as error:
                text = f"{path}: no answer in time ({type(error).__name__})"
            except httpx.HTTPError as error:
                said = f"the connection broke ({type(error).__name__})"
                text = f"{path}: {'the answer did not end in time' if over.is_set() else said}"
            raise AdminError(text, permanent=False, in_doubt=writing)

    def _refused(self, response: httpx.Response, path: str, *, writing: bool) -> AdminError:
        try:
            body = _collect(response, path, _LARGEST_REFUSAL, writing=writing)
        except (AdminError, httpx.HTTPError):
            body = b""  # one that is too long, or does not end, says nothing
        retry_after = read_retry_after(response.headers.get("retry-after"), self._clock())
        refusal = read_refusal(response.status_code, body, self._key)
        return judge_refusal(refusal, path, retry_after, writing=writing)


def _collect(response: httpx.Response, path: str, largest: int, *, writing: bool) -> bytes:
    """At most so many bytes; how long it may take is cut off from outside."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > largest:
            text = f"{path}: the answer is larger than {largest:,} bytes: check ANTHROPIC_BASE_URL"
            raise AdminError(text, permanent=False, in_doubt=writing)
    return bytes(body)


def _parse(kind: type[AnyAnswer], body: bytes, path: str, *, writing: bool = False) -> AnyAnswer:
    try:
        return parse_answer(kind, body, path)
    except SourceDataError as error:
        text = f"{error}: not what Anthropic answers, check ANTHROPIC_BASE_URL"
        raise AdminError(text, permanent=False, in_doubt=writing) from None


def _bad_address() -> AdminError:
    return AdminError("ANTHROPIC_BASE_URL is not an http(s) address", permanent=True)
