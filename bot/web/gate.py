"""The gate before bolt: size, then signature over the raw bytes, then bolt in a thread."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta

from slack_bolt import App
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.clock import utc_now
from bot.web.bodies import read_body, too_large

LARGEST_BODY = 1_000_000
TOLERANCE = timedelta(minutes=5)


def gate(slack: App, signing_secret: str) -> Callable[[Request], object]:
    """
    What bolt must not see: it parses a body before it checks the signature, and takes any size.

    First the size, then the signature over the raw bytes, then bolt, in a thread.
    """

    async def events(request: Request) -> Response:
        body = await read_body(request, LARGEST_BODY)
        if body is None:
            return too_large()
        headers = request.headers
        timestamp = headers.get("x-slack-request-timestamp", "")
        if not signed(body, timestamp, headers.get("x-slack-signature", ""), signing_secret):
            return PlainTextResponse("the signature does not match", status_code=401)
        try:
            bolt_request = to_bolt_request(request, body)
            answer = await run_in_threadpool(slack.dispatch, bolt_request)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            return PlainTextResponse("the body cannot be read", status_code=400)
        return to_starlette_response(answer)

    return events


def signed(body: bytes, timestamp: str, signature: str, secret: str) -> bool:
    """HMAC-SHA256 over `v0:{timestamp}:{raw body}`, not older than five minutes."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        return False
    if abs(utc_now().timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return False
    content = f"v0:{timestamp}:".encode() + body
    expected = "v0=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    # Bytes, because comparing strings raises for anything outside ASCII.
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))
