"""One request to a gateway's JSON interface at a time, bounded in size and time, never repeated."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import httpx

from bot.clients.credentials import can_be_sent
from bot.clients.cutoff import cutoff
from bot.clients.enforcement.answers import TargetError
from bot.clients.remedies import Remedies
from bot.clients.retry_after import read_retry_after
from bot.clients.tls import trusted, why
from bot.clients.usage.errors import SourceDataError
from bot.clients.usage.http_json import AnyAnswer, parse_answer, read_message
from bot.clients.usage.reading import USER_AGENT
from bot.clock import Clock, utc_now

LARGEST_ANSWER = 8 * 1024 * 1024
_CONNECT_SECONDS = 5.0
Parameters = Sequence[tuple[str, str]]


class JsonLine:
    """
    Everything raises TargetError. When to try again is the outbox's business.

    `ends` is the moment of `monotonic` by which all requests of an attempt have ended.
    """

    def __init__(
        self,
        base_url: str,
        remedies: Remedies,
        *,
        authorization: str | None,
        secrets: Sequence[str],
        timeout: float,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if authorization is not None and not can_be_sent(authorization):
            raise TargetError(
                f"{remedies.key} is empty or holds characters no key has", permanent=True
            )
        self.remedies = remedies
        self._secrets = tuple(secrets)
        self._seconds = timeout
        self._clock = clock
        self._monotonic = monotonic
        headers = {
            "user-agent": USER_AGENT,
            "accept": "application/json",
            "accept-encoding": "identity",
        }
        if authorization is not None:
            headers["authorization"] = authorization
        try:
            self._client = httpx.Client(
                base_url=base_url,
                headers=headers,
                limits=httpx.Limits(max_keepalive_connections=0),
                verify=trusted(),
                trust_env=False,
                follow_redirects=False,
            )
        except httpx.InvalidURL:
            raise self._bad_address() from None

    def close(self) -> None:
        self._client.close()

    def ends(self, times: float) -> float:
        """The end of an attempt that may take so many times as long as a request."""
        return self._monotonic() + times * self._seconds

    def read(self, kind: type[AnyAnswer], path: str, asked: Parameters, ends: float) -> AnyAnswer:
        request = self._client.build_request("GET", path, params=httpx.QueryParams(list(asked)))
        body = self._send(request, path, ends)
        try:
            return parse_answer(kind, body, path)
        except SourceDataError as error:
            text = f"{error}: not what {self.remedies.gateway} answers"
            raise TargetError(f"{text}, check {self.remedies.address}", permanent=False) from None

    def write(self, path: str, body: Mapping[str, str | Decimal], ends: float) -> None:
        """What is answered says nothing: it is read back."""
        request = self._client.build_request(
            "POST",
            path,
            content=to_json(body),
            headers={"content-type": "application/json"},
        )
        self._send(request, path, ends)

    def _send(self, request: httpx.Request, path: str, ends: float) -> bytes:
        seconds = min(self._seconds, ends - self._monotonic())
        if seconds <= 0:
            raise TargetError(f"{path}: no time is left for this attempt", permanent=False)
        timeout = httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
        request.extensions["timeout"] = timeout.as_dict()
        with cutoff(request, seconds) as over:
            try:
                response = self._client.send(request, stream=True)
                try:
                    body = _collect(response, LARGEST_ANSWER)
                finally:
                    response.close()
                if not over.is_set():  # else what came may be the half of it
                    return self._judge(response, path, body)
                text = f"{path}: the answer did not end in time"
            except httpx.UnsupportedProtocol:
                raise self._bad_address() from None
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                text = f"{path}: no connection ({why(error)})"
            except httpx.TimeoutException as error:
                text = f"{path}: no answer in time ({type(error).__name__})"
            except httpx.HTTPError as error:
                said = f"the connection broke ({type(error).__name__})"
                text = f"{path}: {'no answer in time' if over.is_set() else said}"
            raise TargetError(text, permanent=False)

    def _judge(self, response: httpx.Response, path: str, body: bytes | None) -> bytes:
        """The body of a 200; `body` is None when it is larger than any real one."""
        status = response.status_code
        if status == httpx.codes.OK:
            if body is not None:
                return body
            text = f"{path}: the answer is larger than {LARGEST_ANSWER:,} bytes"
            raise TargetError(f"{text}: check {self.remedies.address}", permanent=False)
        message = _read_said(body or b"")
        for secret in self._secrets:
            message = message.replace(secret, "…")
        said = f"{path} answered {status}" + (f": {message[:300]}" if message else "")
        if (remedy := self.remedies.find(status, message)) is not None:
            raise TargetError(f"{remedy} ({said})", permanent=True, status=status)
        retry_after = read_retry_after(response.headers.get("retry-after"), self._clock())
        raise TargetError(said, permanent=False, status=status, retry_after=retry_after)

    def _bad_address(self) -> TargetError:
        return TargetError(f"{self.remedies.address} is not an http(s) address", permanent=True)


def to_json(body: Mapping[str, str | Decimal]) -> bytes:
    """Decimals as JSON numbers with every digit they have; a negative one or none at all raises."""
    parts = (f"{json.dumps(name)}:{_part(value)}" for name, value in body.items())
    return f"{{{','.join(parts)}}}".encode()


def _part(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value)
    # to a gateway null and -1 are no limit at all
    if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
        raise ValueError(f"{value} is nothing to send to a gateway")
    return format(value, "f")


def _collect(response: httpx.Response, largest: int) -> bytes | None:
    """As it came over the wire: nothing was asked to be compressed."""
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > largest:
            return None
    return bytes(body)


def _read_said(body: bytes) -> str:
    """The message, and the code in front of it where there is one."""
    message = read_message(body)
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return message
    code = found.get("error_code") if isinstance(found, dict) else None
    return f"{code}: {message}" if isinstance(code, str) else message
