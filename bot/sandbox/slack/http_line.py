"""Delivery by signed HTTP requests to the app's /slack/events address."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

import httpx

from bot.clients.tls import trusted
from bot.clock import utc_now
from bot.sandbox.slack.envelopes import Ack, Envelope, Json


def signature(secret: str, timestamp: str, body: str) -> str:
    base = f"v0:{timestamp}:{body}".encode()
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def encode(envelope: Envelope) -> tuple[str, str]:
    """The content type and the body: commands are form fields, interactions one field with JSON."""
    form = "application/x-www-form-urlencoded"
    if envelope.kind == "slash_commands":
        return form, urlencode(envelope.payload)
    if envelope.kind == "interactive":
        return form, urlencode({"payload": json.dumps(envelope.payload)})
    return "application/json", json.dumps(envelope.payload)


class HttpLine:
    """One connection per request, so a restarted app is found again."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        limits = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(verify=trusted(), trust_env=False, limits=limits)

    def send(self, envelope: Envelope, seconds: float) -> Ack:
        content_type, body = encode(envelope)
        timestamp = str(int(utc_now().timestamp()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }
        if envelope.retry:
            headers["X-Slack-Retry-Num"] = str(envelope.retry)
            headers["X-Slack-Retry-Reason"] = envelope.retry_reason
        try:
            answer = self._client.post(self._url, content=body, headers=headers, timeout=seconds)
        except httpx.TimeoutException:
            return Ack(0, timed_out=True)
        except httpx.TransportError:
            return Ack(0)
        no_retry = answer.headers.get("x-slack-no-retry") == "1"
        return Ack(answer.status_code, _body(answer), no_retry=no_retry)

    def close(self) -> None:
        self._client.close()


def _body(answer: httpx.Response) -> Json:
    if answer.headers.get("content-type", "").startswith("application/json"):
        try:
            parsed = answer.json()
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}
    return {"text": answer.text} if answer.text else {}
