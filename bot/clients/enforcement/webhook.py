"""Sends limit states to a webhook: signed, to checked addresses, without following redirects."""

import socket
import ssl
from collections.abc import Mapping, Sequence

import httpx

from bot.clients.cutoff import cutoff
from bot.clients.enforcement.addresses import Resolve, allowed_addresses, resolve
from bot.clients.enforcement.answers import Answer, TargetError
from bot.clients.enforcement.orders import Order
from bot.clients.enforcement.signature import Signer
from bot.clients.enforcement.verdict import judge_answer, read_sent
from bot.clients.retry_after import read_retry_after
from bot.clients.tls import trusted, why
from bot.clock import Clock, utc_now
from bot.domain.targets import WEBHOOK

USER_AGENT = "budget-bot/0.1 (+https://github.com/budget-bot/budget-bot)"
_LARGEST_ANSWER = 64 * 1024
_CONNECT_SECONDS = 5.0


class WebhookTarget:
    """One attempt for each `apply`: when to try again is the outbox's business."""

    kind = WEBHOOK

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        allow_private: bool = False,
        timeout: float = 15.0,
        *,
        clock: Clock = utc_now,
        resolver: Resolve = resolve,
    ) -> None:
        self._url = _parse(url)
        self._port = self._url.port or (443 if self._url.scheme == "https" else 80)
        self._signer = Signer(secrets)
        self._allow_private = allow_private
        self._seconds = timeout
        self._clock = clock
        self._resolver = resolver
        self._client = httpx.Client(
            headers={
                "user-agent": USER_AGENT,
                "content-type": "application/json",
                "accept-encoding": "identity",
            },
            # sent rarely: a connection kept for long is one that the other side has closed
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
            verify=trusted(),
            trust_env=False,
            follow_redirects=False,
        )

    def apply(self, order: Order) -> Answer:
        return self.send(order.key, order.body)

    def look(self, order: Order) -> Answer | None:  # noqa: ARG002 part of the protocol
        """It cannot be asked, only told again."""
        return None

    def send(self, key: str, body: bytes) -> Answer:
        """With an idempotency key that is the same on each retry; raises TargetError."""
        sent = read_sent(body)
        addresses = self._addresses()
        headers = self._signer.headers(key, body, self._clock())
        last = len(addresses) - 1
        for number, address in enumerate(addresses):
            try:
                status, answer, retry_after = self._post(address, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                # a name may stand for several addresses, of which one listens
                if number < last:
                    continue
                text = f"no connection ({why(error)})"
                raise TargetError(text, permanent=False) from None
            except httpx.TimeoutException as error:
                text = f"no answer in time ({type(error).__name__})"
                raise TargetError(text, permanent=False) from None
            except httpx.HTTPError as error:
                text = f"the connection broke ({type(error).__name__})"
                raise TargetError(text, permanent=False) from None
            return judge_answer(sent, status, answer, retry_after)
        raise AssertionError("there is always an address")

    def check(self) -> str:
        """Looks the target up, connects and looks at its certificate, without sending anything."""
        for address in self._addresses():
            try:
                with socket.create_connection(
                    (address, self._port), timeout=_CONNECT_SECONDS
                ) as line:
                    if self._url.scheme == "https":
                        trusted().wrap_socket(line, server_hostname=self._url.host).close()
                    return f"{self._url.host} listens at {address}, port {self._port}"
            except ssl.SSLError as error:
                raise TargetError(f"no connection ({why(error)})", permanent=False) from None
            except OSError:
                continue
        raise TargetError(f"{self._url.host} does not listen", permanent=False)

    def close(self) -> None:
        self._client.close()

    def _addresses(self) -> Sequence[str]:
        return allowed_addresses(self._url.host, self._port, self._allow_private, self._resolver)

    def _post(
        self, address: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes, float | None]:
        """Connects to the address that was checked; name and certificate stay those of the URL."""
        url = self._url.copy_with(host=address.partition("%")[0])
        request = self._client.build_request(
            "POST",
            url,
            content=body,
            headers={**headers, "host": self._url.netloc.decode()},
            extensions={"sni_hostname": self._url.host},
        )
        with cutoff(request, self._seconds) as over:
            try:
                response = self._client.send(request, stream=True)
                try:
                    retry_after = read_retry_after(
                        response.headers.get("retry-after"), self._clock()
                    )
                    answer = self._read(response)
                finally:
                    response.close()
            except httpx.HTTPError:
                if over.is_set():
                    raise httpx.ReadTimeout("the answer did not end in time") from None
                raise
            if over.is_set():  # what came may be the half of it
                raise httpx.ReadTimeout("the answer did not end in time")
            return response.status_code, answer, retry_after

    def _read(self, response: httpx.Response) -> bytes:
        """At most 64 kB; how long it may take is cut off from outside."""
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) >= _LARGEST_ANSWER:
                break
        return bytes(body[:_LARGEST_ANSWER])


def _parse(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("ENFORCEMENT_WEBHOOK_URL must be an http(s) address")
    return url
